"""Durable files, locks, SQLite connections, and the names of an index's parts."""
