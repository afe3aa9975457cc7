"""Questions: from the typed text to trees of conditions and words."""
