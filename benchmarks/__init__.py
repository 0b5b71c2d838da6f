"""Measurements of the bridge against the plainest thing that could do the same work."""
