"""Readers of an index: one snapshot, or always the newest snapshot."""
