/* Where things live. The directories come from configure. */
#ifndef JWT_LOGIN_PATHS_H
#define JWT_LOGIN_PATHS_H

#define PATH_CONF CONF_DIR "/jwt-login.conf"
#define PATH_CONF_D CONF_DIR "/conf.d"
#define PATH_STATE STATE_DIR /* /var/lib/jwt-login, root only but for nss/ */
#define PATH_LEDGER STATE_DIR "/ledger.db"
#define PATH_TABLES STATE_DIR "/nss" /* world-readable */
#define PATH_KEEPER HELPER_DIR "/jwt-keeper"
#define PATH_JUDGE HELPER_DIR "/jwt-judge"
#define PATH_FETCH_KEYS HELPER_DIR "/jwt-fetch-keys"
#define PATH_KEY_CACHE CACHE_DIR "/keys" /* of FETCH_USER */

#define JUDGE_USER "_jwt-login"
#define FETCH_USER "_jwt-fetch"

#endif
