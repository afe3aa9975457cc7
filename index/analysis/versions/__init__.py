"""Sketches and identities: which texts are versions of one another."""
