"""Readers of an index: `IndexSnapshot` shows one commit, `LiveIndex` the newest."""
