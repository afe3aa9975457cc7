"""The keyword engine tantivy."""
