"""The sandbox's Redmine."""
