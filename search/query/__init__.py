"""Queries: from the text of a question to a tree of conditions and words."""
