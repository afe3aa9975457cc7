"""The fields of an article: dates, paragraphs, columns."""
