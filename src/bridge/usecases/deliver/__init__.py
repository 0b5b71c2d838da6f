"""Handlers, one per kind of effect: look for an earlier result when unsure, send, and say what to store."""
