"""Columns: memory-mapped arrays with the values of each row."""

from nutgraf.index.columns.columns import Columns, catch_up

__all__ = ["Columns", "catch_up"]
