"""Grouping of candidates into hits: articles, versions of a text, and diversity."""
