"""Highlighting: snippets and the highlights in them."""
