# lib/accounts
