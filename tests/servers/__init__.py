"""Recipes that install and start the real servers the tests run against: see README.md beside this file."""
