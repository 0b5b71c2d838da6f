"""Durable state in SQLite or PostgreSQL: tables, repositories, transactions, migrations, the daemon's lock."""
