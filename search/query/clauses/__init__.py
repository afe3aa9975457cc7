"""Clauses: the conditions and the words that the tree of a question means."""
