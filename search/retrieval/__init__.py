"""Retrieval: the keyword ranking and the vector ranking."""
