# pam_jwt
