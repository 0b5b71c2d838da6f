"""Replays rules over past incidents, in the order in which things became known."""
