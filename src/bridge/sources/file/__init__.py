"""Incidents from CSV and JSON Lines files."""
