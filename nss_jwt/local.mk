# nss_jwt
