"""Parse HTML, find the main text of a page, and read its metadata."""
