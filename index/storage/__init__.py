"""Durable files, locks, SQLite connections and the file names of an index."""
