"""The readers of source files: one module per format."""
