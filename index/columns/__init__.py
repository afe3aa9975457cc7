"""Columns: memory-mapped arrays with the values of each row."""

from nutgraf.index.columns.columns import Columns
from nutgraf.index.columns.writer import ColumnWriter

__all__ = ["ColumnWriter", "Columns"]
