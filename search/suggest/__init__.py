"""Suggestions: autocompletion and spelling corrections."""
