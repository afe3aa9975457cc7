"""Fields of an article: dates, paragraphs, columns."""
