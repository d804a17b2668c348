# unit/accounts
