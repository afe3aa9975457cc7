"""One module per format of source files."""
