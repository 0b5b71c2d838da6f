"""The bridge between an incident system and Redmine."""

__version__ = "0.1.0"
