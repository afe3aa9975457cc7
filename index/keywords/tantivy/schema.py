"""The fields of a tantivy index, and the number of its last commit."""

from __future__ import annotations

import tantivy

from nutgraf.index.keywords.fields import (
    HAS,
    ORDERED_FIELDS,
    PUBLISHED,
    ROW,
    SEQUENCE,
    VALUE_FIELDS,
)

__all__ = ["check_schema", "make_schema", "sequence_of"]


def make_schema() -> tantivy.Schema:
    """Return the fields of a keyword index."""
    builder = tantivy.SchemaBuilder()
    for name in ORDERED_FIELDS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in (*VALUE_FIELDS, HAS):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(ROW, indexed=True, fast=True)
    builder.add_unsigned_field(SEQUENCE, indexed=True, fast=True)
    builder.add_integer_field(PUBLISHED, indexed=True, fast=True)
    return builder.build()


def check_schema(index: tantivy.Index) -> None:
    """Raise ValueError if meta.json describes other fields than `make_schema`.

    This check is needed because meta.json has no checksum.
    """
    if index.schema != make_schema():
        raise ValueError("meta.json describes other fields than Nutgraf writes")


def sequence_of(searcher: tantivy.Searcher) -> int:
    """Return the sequence number of the last commit, 0 if there is none."""
    hits = searcher.search(tantivy.Query.exists_query(SEQUENCE), 1).hits
    values = searcher.fast_field_values(SEQUENCE, [address for _, address in hits])
    return int(values[0] or 0) if values else 0
