"""Suggestions: words, phrases and titles to complete a question with."""
