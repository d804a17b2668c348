/* What libpam sees. Everything is done elsewhere. */
#include <security/pam_modules.h>

#include "compiler.h"
#include "module.h"

EXPORT int pam_sm_authenticate(pam_handle_t *pamh, int flags UNUSED, int argc, const char **argv) {
  return module_authenticate(pamh, argc, argv);
}

EXPORT int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc UNUSED, const char **argv UNUSED) {
  return module_credentials(pamh, flags);
}

EXPORT int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags UNUSED, int argc UNUSED, const char **argv UNUSED) {
  return module_account(pamh);
}

EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags UNUSED, int argc UNUSED, const char **argv UNUSED) {
  return module_session_open(pamh);
}

EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags UNUSED, int argc UNUSED, const char **argv UNUSED) {
  return module_session_close(pamh);
}
