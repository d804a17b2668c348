# packaging
EXTRA_DIST += packaging/install-dependencies packaging/quickstart
