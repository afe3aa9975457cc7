"""Read articles from files and streams, with one reader for each format."""

from nutgraf.index.json_lines import parse_line
from nutgraf.index.sources.captures import newest_captures
from nutgraf.index.sources.fields.article import article_of
from nutgraf.index.sources.fields.columns import parse_columns
from nutgraf.index.sources.files.walk import is_folder
from nutgraf.index.sources.items import (
    Flagged,
    OnBytes,
    ReadOptions,
    Rejected,
    Skipped,
    UnknownFields,
)
from nutgraf.index.sources.read import (
    STANDARD_INPUT,
    SourceFile,
    find_files,
    total_bytes,
)
from nutgraf.index.sources.workers import Found, read_found, read_sources, workers_for

__all__ = [
    "STANDARD_INPUT",
    "Flagged",
    "Found",
    "OnBytes",
    "ReadOptions",
    "Rejected",
    "Skipped",
    "SourceFile",
    "UnknownFields",
    "article_of",
    "find_files",
    "is_folder",
    "newest_captures",
    "parse_columns",
    "parse_line",
    "read_found",
    "read_sources",
    "total_bytes",
    "workers_for",
]
