"""The store's fixtures, for this folder."""

from tests.contract.store.fixtures import clock, database, empty_url, shared_postgres, url

__all__ = ["clock", "database", "empty_url", "shared_postgres", "url"]
