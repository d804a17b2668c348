# unit/token
