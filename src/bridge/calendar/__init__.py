"""Compiled working calendars. Standard library only; holidays by country come in as data."""
