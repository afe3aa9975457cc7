"""Values of the fields of an article: checks, and fields that an index declares."""
