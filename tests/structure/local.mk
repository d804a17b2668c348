# structure: what may use what
dist_check_SCRIPTS += tests/structure/structure.sh
EXTRA_DIST += tests/structure/rooms.txt tests/structure/rules.sh
