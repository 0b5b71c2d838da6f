"""Delivers stored effects: in order, at least once, with back-off, limits and dead letters."""
