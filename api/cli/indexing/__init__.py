"""`nutgraf index` and `nutgraf watch`: from source files to an index, with progress and reports."""
