"""`nutgraf index` and `nutgraf watch`: put source files into an index."""
