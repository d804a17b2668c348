# unit/tables
