"""Highlighting: snippets, and the words to mark in them."""
