# lib/decision
