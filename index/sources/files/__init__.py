"""Files: found, opened, decompressed, decoded."""
