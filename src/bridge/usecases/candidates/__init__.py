"""Candidates: nominated by rules and people, filled in as a form, decided in the command line or in Redmine."""
