# lib/tables
