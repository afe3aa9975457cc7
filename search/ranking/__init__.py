"""Ranking: fusion, recency, reranking, calibration."""
