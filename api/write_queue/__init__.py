"""The write queue: one writer for the writes of many requests."""
