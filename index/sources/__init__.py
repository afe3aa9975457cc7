"""Files and streams to articles: one reader a format."""

from nutgraf.index.sources.files import STANDARD_INPUT, read_sources, total_bytes
from nutgraf.index.sources.items import Flagged, ReadOptions, Rejected, Skipped
from nutgraf.index.sources.jsonl import article_of, parse_line
from nutgraf.index.sources.mapping import parse_columns

__all__ = [
    "STANDARD_INPUT",
    "Flagged",
    "ReadOptions",
    "Rejected",
    "Skipped",
    "article_of",
    "parse_columns",
    "parse_line",
    "read_sources",
    "total_bytes",
]
