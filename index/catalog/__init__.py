"""The catalog: articles and paragraphs in SQLite, the source of truth."""
