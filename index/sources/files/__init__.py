"""Find, open, decompress and decode source files."""
