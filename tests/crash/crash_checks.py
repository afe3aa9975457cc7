"""Assertions on the content of an index, in all of its parts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
from crash_plan import CREDIT, State, word_of
from numpy.typing import NDArray
from whoosh.query import Every, Or, Term

from nutgraf.index import IndexSnapshot, verify_index
from nutgraf.index.article import timestamp
from nutgraf.index.catalog.records import Record, article_of
from nutgraf.index.catalog.rows import Row
from nutgraf.index.columns.files import DTYPES
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.index.models.encoder.titled import TitledEncoder, TitledText
from nutgraf.index.ranking import NO_DATE
from nutgraf.index.schema import KEYWORD_FIELDS, values_of
from nutgraf.index.split import contexts_of
from nutgraf.index.storage.layout import COLUMNS, VECTORS
from nutgraf.index.vectors.records import record_type

TIE = 6e-3
"""Allowed difference of equal cosines: embeddings are rounded to int8."""


class Embeddings(dict[TitledText, NDArray[np.float32]]):
    """The embedding of each text with its title, computed on first use."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        super().__init__()
        self._encoder = TitledEncoder(encoder)

    def __missing__(self, paragraph: TitledText) -> NDArray[np.float32]:
        (self[paragraph],) = self._encoder.encode([paragraph])
        return self[paragraph]


def assert_sound(index: Path) -> None:
    """Check that a recovered index without a writer is consistent."""
    assert verify_index(index, trust=True, sample=8).findings == ()
    with IndexSnapshot.open(index, trust=True) as snapshot:
        assert snapshot.commit == snapshot.catalog.last_commit(), "the keyword index is behind"
        rows, parts = snapshot.commit.rows, snapshot.parts
        size = record_type(snapshot.manifest.encoder.dimension).itemsize
        assert (parts / VECTORS).stat().st_size == rows * size
        for name, dtype in DTYPES.items():
            assert (parts / COLUMNS / name).stat().st_size == rows * dtype.itemsize, name


def assert_holds(
    snapshot: IndexSnapshot, state: State, drawn: Collection[str], embeddings: Embeddings
) -> None:
    """Check that a snapshot shows exactly the articles of `state`, each once.

    `drawn` are the words of all versions that were ever added to the index.
    """
    all_rows = np.arange(snapshot.commit.rows)
    rows = all_rows if snapshot.alive is None else all_rows[snapshot.alive]
    ranked = all_rows if snapshot.ranked is None else all_rows[snapshot.ranked]
    texts = snapshot.catalog.rows(rows.tolist())
    records = {
        (record.id, record.number): record
        for record in snapshot.catalog.records_of(rows.tolist()).values()
    }
    contexts = {
        row: context for record in records.values() for row, context in _contexts(record, texts)
    }
    found = [article_of(record, texts) for _, record in sorted(records.items())]
    assert found == [state[name] for name in sorted(state)]
    assert snapshot.commit.articles == len(state)
    assert snapshot.commit.living == len(texts)
    assert snapshot.commit.paragraphs == sum(len(article.paragraphs) for article in found)
    for record in records.values():
        assert snapshot.article(record.id) == record
        assert record.digest == state[record.id].digest()
    _assert_found_by_keyword(snapshot, state, records.values(), ranked)
    gone = set(drawn) - {word_of(article) for article in state.values()}
    assert snapshot.keywords.count(_either(gone)) == 0, "a removed version is found"
    found_by_meaning = {row: contexts[row] for row in ranked.tolist()}
    _assert_found_by_meaning(snapshot, found_by_meaning, embeddings)
    unread = {row for row, held in texts.items() if held.boilerplate}
    assert unread == texts.keys() - contexts.keys()
    assert not unread & set(ranked.tolist())
    assert unread >= {row for row, held in texts.items() if held.text == CREDIT}
    _assert_columns(snapshot, records.values())


def assert_encoded(snapshot: IndexSnapshot, embeddings: Embeddings) -> None:
    """Check that the stored embedding of each living row matches its text."""
    for record in snapshot.catalog.alive(snapshot.sequence):
        for row, context in _contexts(record, snapshot.catalog.rows(record.rows)):
            # In another batch, the last bit of an embedding may differ.
            (found,) = snapshot.embeddings(np.array([row]))
            np.testing.assert_allclose(found, embeddings[context], rtol=0, atol=TIE)


def assert_suggests(
    snapshot: IndexSnapshot, near: Collection[State], drawn: Collection[str]
) -> None:
    """Check that no word of a removed version is suggested.

    `near` are this state and the later ones, because the suggestions may be ahead of the
    snapshot.
    """
    if snapshot.sequence:
        suggested = {one.key for one in snapshot.suggestions.words("", 100_000)}
        there = {word_of(article) for state in near for article in state.values()}
        assert suggested & (set(drawn) - there) == set()


def _assert_found_by_keyword(
    snapshot: IndexSnapshot, state: State, records: Collection[Record], rows: NDArray[np.int64]
) -> None:
    find = snapshot.keywords.rows
    np.testing.assert_array_equal(find(Every()), rows)
    for record in records:
        word = word_of(state[record.id])
        mine = [row for row in record.rows if row in rows]
        assert find(Term("title", word)).tolist() == mine
        assert find(Term("text", word)).tolist() == [record.first_row]


def _assert_found_by_meaning(
    snapshot: IndexSnapshot, contexts: Mapping[int, TitledText], embeddings: Embeddings
) -> None:
    """Check that a search for each text ranks every row by cosine.

    The rows of the text itself may not be first, because titles can differ in only one
    letter.
    """
    rows = sorted(contexts)
    expected = np.array([embeddings[contexts[row]] for row in rows])
    for paragraph in dict.fromkeys(contexts.values()):
        ranking = snapshot.vectors.rank(embeddings[paragraph], len(rows), snapshot.ranked)
        order = np.argsort(ranking.rows)
        assert ranking.rows[order].tolist() == rows, paragraph
        cosines = expected @ embeddings[paragraph]
        np.testing.assert_allclose(ranking.scores[order], cosines, rtol=0, atol=TIE)
        assert (np.diff(ranking.scores) <= 0).all()


def _assert_columns(snapshot: IndexSnapshot, records: Collection[Record]) -> None:
    columns, catalog = snapshot.columns, snapshot.catalog
    for record in records:
        rows = slice(record.rows.start, record.rows.stop)
        assert set(columns.article[rows].tolist()) == {record.number}
        published = NO_DATE if record.published is None else timestamp(record.published)
        assert set(columns.published[rows].tolist()) == {published}
        for field in KEYWORD_FIELDS:
            known = catalog.codes(field, values_of(record, field))
            codes = [known[value] for value in values_of(record, field)]
            stored = columns.codes(field).pairs(np.arange(*rows.indices(len(columns.article))))[1]
            assert stored.tolist() == codes * record.row_count
    numbers = np.zeros(snapshot.commit.rows, np.uint32)
    for values in catalog.column_values(0):
        numbers[values.first_row : values.first_row + values.row_count] = values.number
    np.testing.assert_array_equal(columns.article, numbers)


def _either(words: Collection[str]) -> Or:
    return Or([Term(field, word) for word in sorted(words) for field in ("text", "title")])


def _contexts(record: Record, rows: Mapping[int, Row]) -> Iterator[tuple[int, TitledText]]:
    contexts = contexts_of(record.title, [rows[row] for row in record.rows])
    for row, context in zip(record.rows, contexts, strict=True):
        if context is not None:
            yield row, context
