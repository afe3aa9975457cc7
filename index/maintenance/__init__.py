"""Maintenance: create, rebuild, back up an index, set its reranker."""
