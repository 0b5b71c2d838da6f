"""Connections to incident systems: one folder per kind, each with its options, client, translation and source."""
