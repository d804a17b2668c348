# lib/token
