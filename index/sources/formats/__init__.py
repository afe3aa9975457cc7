"""The readers: one module for each format of source files."""
