"""The write queue: one writer of an index for many requests."""
