"""Files and streams to articles. One reader a format; each yields Article, Rejected or Skipped."""

from nutgraf.index.sources.files import STANDARD_INPUT, read_sources, total_bytes
from nutgraf.index.sources.items import Rejected, Skipped
from nutgraf.index.sources.jsonl import article_of, parse_line

__all__ = [
    "STANDARD_INPUT",
    "Rejected",
    "Skipped",
    "article_of",
    "parse_line",
    "read_sources",
    "total_bytes",
]
