"""Suggestions: words, phrases and titles that questions can be completed to."""
