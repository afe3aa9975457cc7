"""Grouping: collapse to articles, near-duplicates, diversity."""
