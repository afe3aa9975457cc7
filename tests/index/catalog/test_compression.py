"""Compressed texts: any text comes back unchanged, and damage is reported."""

import random
import re
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, strategies as st

from nutgraf.index.article import Article
from nutgraf.index.catalog import dictionaries
from nutgraf.index.catalog.compression import (
    DamagedTextError,
    TextCodec,
    stored_size,
    train_dictionary,
)
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.rows import ArticleRows, Row
from nutgraf.index.catalog.unchecked import UncheckedCatalog
from nutgraf.index.catalog.writer import CatalogWriter
from nutgraf.index.errors import BrokenIndexError

WORDS = re.findall(
    r"\w+", "ferry harbour dawn storm bakers bread price council bridge vote river flood mayor"
)


def sentence(number, words=40):
    """Return a text of frequent words that no other number has."""
    chance = random.Random(number)
    return f"{number}: " + " ".join(chance.choices(WORDS, k=words)) + "."


DICTIONARY = train_dictionary([sentence(number) for number in range(300)])
CODECS = (TextCodec(), TextCodec(DICTIONARY))

texts = st.text() | st.lists(st.sampled_from(WORDS), max_size=80).map(" ".join)


@given(texts)
def test_any_text_is_returned_unchanged(text):
    for codec in CODECS:
        stored = codec.compress(text)
        assert codec.decompress(stored) == text
        assert stored_size(stored) == len(text.encode())


@given(texts, st.data())
def test_damaged_bytes_give_no_other_error(text, data):
    for codec in CODECS:
        stored = codec.compress(text)
        at = data.draw(st.integers(0, len(stored) - 1))
        bit = 1 << data.draw(st.integers(0, 7))
        flipped = stored[:at] + bytes([stored[at] ^ bit]) + stored[at + 1 :]
        try:
            found = codec.decompress(flipped)
        except DamagedTextError:
            found = ""
        assert len(found.encode()) <= 128 * 1024 * len(flipped)
        for length in (stored[:at], stored + b"\0"):
            with pytest.raises(DamagedTextError):
                codec.decompress(length)


def test_dictionary_makes_short_texts_smaller():
    stored = [len(codec.compress(sentence(1000))) for codec in CODECS]
    assert stored[1] < 0.7 * stored[0]


def test_texts_need_their_dictionary():
    with pytest.raises(DamagedTextError):
        TextCodec().decompress(CODECS[1].compress(sentence(1000)))
    with pytest.raises(DamagedTextError):
        TextCodec(b"\x37\xa4\x30\xec" + b"no dictionary" * 30)


@pytest.mark.parametrize("stored", [None, 1, "text", b"", b"\xff" * 9])
def test_other_values_are_damaged(stored):
    with pytest.raises(DamagedTextError):
        TextCodec().decompress(stored)


def test_damaged_length_is_not_allocated():
    # The header claims 2 GiB: one segment, with a size of 4 bytes.
    with pytest.raises(DamagedTextError, match="size"):
        TextCodec().decompress(b"\xa0" + (1 << 31).to_bytes(4, "little") + bytes(20))


@pytest.mark.parametrize("few", [[], ["a"], ["a", "b"] * 9])
def test_few_texts_make_no_dictionary(few):
    assert train_dictionary(few) == b""


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(dictionaries, "FIRST", 60)
    monkeypatch.setattr(dictionaries, "GROWTH", 2)
    made = tmp_path / "catalog.sqlite"
    Catalog.create(made)
    return made


def write(catalog, numbers):
    """Write an article for each ten numbers; their rows are the numbers."""
    articles = []
    for first in numbers[::10]:
        rows = tuple(Row(at, 0, 0, sentence(first + at)) for at in range(10))
        article = Article(f"a{first}", "Title", tuple(row.text for row in rows))
        contexts = tuple(str(first + at).encode() for at in range(10))
        articles.append(ArticleRows(article, rows, contexts, article.digest()))
    catalog.write(articles, [], numbers.start, 0)


def grown(path):
    """Write an index that grows from 20 to 400 rows; return its number of rows."""
    with closing(CatalogWriter.open(path, writing=True)) as catalog:
        for first in range(0, 400, 20):
            write(catalog, range(first, first + 20))
    return 400


def run(path, statement):
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()


def test_index_grows_through_several_dictionaries(path):
    rows = grown(path)
    used = run(path, "SELECT dictionary, min(row), count(*) FROM paragraphs GROUP BY dictionary")
    assert used == [(0, 0, 40), (1, 40, 60), (2, 100, 120), (3, 220, 180)]
    with closing(Catalog.open(path)) as catalog:
        assert catalog.texts(range(rows)) == {row: sentence(row) for row in range(rows)}
        wanted = [b"7", b"399", b"400"]
        assert catalog.rows_of_contexts(wanted) == {b"7": 7, b"399": 399}


def test_dictionary_of_a_failed_commit_is_not_kept(path, monkeypatch):
    with closing(CatalogWriter.open(path, writing=True)) as catalog:
        with monkeypatch.context() as patch:
            patch.setattr(catalog, "_insert_commit", lambda _: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                write(catalog, range(100))
        assert run(path, "SELECT * FROM dictionaries") == []
        write(catalog, range(100, 200))
        assert catalog.texts([150]) == {150: sentence(150)}


def test_one_damaged_copy_of_a_dictionary_loses_no_text(path):
    rows = grown(path)
    run(path, "UPDATE dictionaries SET content = zeroblob(500) WHERE number = 1 AND copy = 1")
    run(path, "DELETE FROM dictionaries WHERE number = 2 AND copy = 2")
    with closing(UncheckedCatalog.open(path)) as catalog:
        assert catalog.texts(range(rows)) == {row: sentence(row) for row in range(rows)}
        damaged = [each for each, intact in catalog.stored_dictionaries().items() if not intact]
        assert damaged == [(1, 1)]


def test_texts_of_a_lost_dictionary_are_damaged_and_new_ones_need_none(path):
    rows = grown(path)
    run(path, "UPDATE dictionaries SET content = zeroblob(500) WHERE number = 3")
    with closing(CatalogWriter.open(path, writing=True)) as catalog:
        assert catalog.texts([0, 100, 200])
        with pytest.raises(BrokenIndexError, match="text of row 300 is damaged"):
            catalog.texts([300])
        write(catalog, range(rows, rows + 20))
        assert catalog.texts([rows]) == {rows: sentence(rows)}


def test_damaged_texts_do_not_prevent_a_new_dictionary(path):
    with closing(CatalogWriter.open(path, writing=True)) as catalog:
        write(catalog, range(50))
        run(path, "UPDATE paragraphs SET text = x'00' WHERE row < 5")
        write(catalog, range(50, 100))
        assert run(path, "SELECT DISTINCT number FROM dictionaries") == [(1,)]
