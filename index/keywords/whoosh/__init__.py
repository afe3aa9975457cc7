"""The keyword engine whoosh."""
