"""What is stored, and how it gets there.

Open an index for writing with `IndexWriter`, for reading with `IndexSnapshot`.
"""

from nutgraf.index.article import Article, Paragraph
from nutgraf.index.creation import create_index
from nutgraf.index.snapshot import IndexSnapshot
from nutgraf.index.writer import IndexWriter

__all__ = ["Article", "IndexSnapshot", "IndexWriter", "Paragraph", "create_index"]
