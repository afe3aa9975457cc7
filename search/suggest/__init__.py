"""Suggest: autocompletion, and spelling corrections."""
