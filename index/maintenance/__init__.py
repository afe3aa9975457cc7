"""Maintenance: create, rebuild and back up an index, and set its reranker."""
