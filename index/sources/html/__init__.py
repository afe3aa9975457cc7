"""HTML: parsed, its main text found, its metadata read."""
