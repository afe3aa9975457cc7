"""The contract of both keyword engines."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray
from whoosh import query as q

from nutgraf.index.analysis.value_terms import exact_term, value_terms
from nutgraf.index.errors import BrokenIndexError, IndexLockedError, UntrustedIndexError
from nutgraf.index.keywords import (
    ENGINES,
    Engine,
    KeywordEntry,
    KeywordReader,
    KeywordWriter,
    create,
    open_reader,
    open_writer,
)

EVERY = q.Every()


def entry(row: int, text: str = "", title: str = "", **values: str | int) -> KeywordEntry:
    published = values.pop("published", None)
    assert published is None or isinstance(published, int)
    terms = {name: value_terms(str(value)) for name, value in values.items()}
    return KeywordEntry(row, text, title, values=terms, published=published)


class Box:
    """An index directory of one engine with an open writer."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path, self.engine = path, engine
        create(path, engine)
        self.writer = self.write()
        self._readers: list[KeywordReader] = []

    def write(self) -> KeywordWriter:
        return open_writer(self.path, self.engine, trust=True)

    def read(self) -> KeywordReader:
        reader = open_reader(self.path, self.engine, trust=True)
        self._readers.append(reader)
        return reader

    def put(self, *entries: KeywordEntry) -> KeywordReader:
        for one in entries:
            self.writer.add(one)
        self.writer.commit(self.writer.sequence + 1)
        return self.read()

    def texts(self, *texts: str) -> KeywordReader:
        return self.put(*(entry(row, text) for row, text in enumerate(texts)))

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
        self.writer.close()


@pytest.fixture(params=ENGINES)
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    opened = Box(tmp_path / "keywords", request.param)
    yield opened
    opened.close()


def text(term: str, boost: float = 1.0) -> q.Query:
    return q.Term("text", term, boost=boost)


def rows(reader: KeywordReader, query: q.Query) -> list[int]:
    found = reader.rows(query)
    assert found.dtype == np.int64
    assert reader.count(query) == len(found)
    return found.tolist()


def ranked(reader: KeywordReader, query: q.Query, depth: int = 10) -> list[int]:
    return reader.rank(query, depth).rows.tolist()


# Commits, snapshots, files


def test_empty_index(box: Box) -> None:
    reader = box.read()
    assert reader.sequence == box.writer.sequence == 0
    assert rows(reader, EVERY) == rows(reader, q.Not(text("a"))) == []
    assert len(reader.rank(text("a"), 10)) == 0
    assert reader.rank(EVERY, 10).complete


def test_nothing_is_visible_before_commit(box: Box) -> None:
    box.writer.add(entry(0, "a"))
    assert rows(box.read(), EVERY) == []
    box.writer.commit(1)
    assert rows(box.read(), EVERY) == [0]


def test_reader_is_a_snapshot(box: Box) -> None:
    old = box.put(entry(0, "a"))
    box.writer.delete([0])
    new = box.put(entry(1, "a"))
    assert rows(old, text("a")) == [0]
    assert rows(new, text("a")) == [1]
    assert (old.sequence, new.sequence) == (1, 2)


def test_sequence_survives_reopening(box: Box) -> None:
    box.writer.add(entry(0, "a"))
    box.writer.commit(41)
    box.writer.commit(42)
    box.writer.close()
    box.writer = box.write()
    assert box.writer.sequence == box.read().sequence == 42
    box.writer.commit(43)
    assert box.read().sequence == 43


def test_close_without_commit_discards_changes(box: Box) -> None:
    box.put(entry(0, "a"))
    box.writer.add(entry(1, "a"))
    box.writer.delete([0])
    box.writer.close()
    box.writer.close()
    box.writer = box.write()
    assert rows(box.put(entry(2, "a")), text("a")) == [0, 2]


def test_delete_and_replace_in_one_commit(box: Box) -> None:
    box.put(entry(0, "old"), entry(1, "old"), entry(2, "old"))
    box.writer.delete([1, 2, 77])
    box.writer.add(entry(2, "new"))
    box.writer.add(entry(3, "new"))
    box.writer.delete([3])
    box.writer.add(entry(4, "new"))
    reader = box.put()
    assert rows(reader, text("old")) == [0]
    assert rows(reader, text("new")) == [2, 4]
    assert rows(reader, EVERY) == [0, 2, 4]


def test_many_small_commits(box: Box) -> None:
    for row in range(40):
        reader = box.put(entry(row, "even" if row % 2 == 0 else "odd"))
    assert reader.sequence == 40
    assert rows(reader, text("even")) == list(range(0, 40, 2))
    assert ranked(reader, text("odd"), 5) == [1, 3, 5, 7, 9]


def test_one_writer_at_a_time(box: Box) -> None:
    with pytest.raises(IndexLockedError, match="another process"):
        box.write()
    box.put(entry(0, "a"))
    with pytest.raises(IndexLockedError, match="another process"):
        box.write()


def test_closed_writer_raises_an_error(box: Box) -> None:
    box.writer.close()
    with pytest.raises(ValueError, match="closed"):
        box.writer.add(entry(0, "a"))
    with pytest.raises(ValueError, match="closed"):
        box.writer.commit(1)


def test_create_rejects_a_directory_that_is_not_empty(box: Box) -> None:
    with pytest.raises(FileExistsError):
        create(box.path, box.engine)


# whoosh leaves damaged files open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def _replace(file: Path, content: bytes) -> None:
    """Replace a file with another one.

    Truncating a mapped file would crash a process that reads the map.
    """
    file.unlink()
    file.write_bytes(content)


@pytest.mark.parametrize("engine", ENGINES)
def test_missing_and_damaged_files(engine: Engine, tmp_path: Path) -> None:
    for opener in (open_reader, open_writer):
        for path in (tmp_path, tmp_path / "absent"):
            with pytest.raises(BrokenIndexError, match="nutgraf repair"):
                opener(path, engine, trust=True)
    original = Box(tmp_path / "keywords", engine)
    original.texts("a b c", "b c d")
    original.close()
    for file in sorted(original.path.iterdir()):
        content = file.read_bytes()
        if not content or file.name.startswith("."):
            continue
        middle = len(content) // 2
        flipped = bytes([*content[:middle], content[middle] ^ 1, *content[middle + 1 :]])
        for damaged in (content[:middle], flipped):
            _replace(file, damaged)
            if damaged is content[:middle] or file.suffix != ".json":
                with pytest.raises(BrokenIndexError, match="nutgraf repair"):
                    _use(original.path, engine)
        _replace(file, content)
    reader = open_reader(original.path, engine, trust=True)
    assert reader.count(EVERY) == 2
    reader.close()
    gc.collect()


def test_incomplete_files_of_a_killed_writer_are_not_damage(tmp_path: Path) -> None:
    box = Box(tmp_path / "keywords", "tantivy")
    box.texts("a b c", "b c d")
    box.close()
    (segment, *_) = (file.stem for file in box.path.glob("*.term"))
    (box.path / f"{segment}.4711.del").write_bytes(b"half")
    (box.path / f"{'0' * 32}.term").write_bytes(b"half")
    reader = open_reader(box.path, "tantivy", trust=True)
    assert reader.count(EVERY) == 2
    reader.close()
    open_writer(box.path, "tantivy", trust=True).close()


def _use(path: Path, engine: Engine) -> None:
    open_reader(path, engine, trust=True).rank(q.Phrase("text", ["b", "c"]), 3)


def test_whoosh_requires_trust(tmp_path: Path) -> None:
    create(tmp_path / "keywords", "whoosh")
    for opener in (open_reader, open_writer):
        with pytest.raises(UntrustedIndexError, match=r"trust=True.*--trust"):
            opener(tmp_path / "keywords", "whoosh")


def test_readers_in_threads_while_a_writer_commits(box: Box) -> None:
    box.texts(*["a b"] * 20)
    faults: list[object] = []

    def read() -> None:
        try:
            for _ in range(15):
                reader = open_reader(box.path, box.engine, trust=True)
                wanted = 19 + reader.sequence
                for _ in range(3):
                    found = reader.rank(q.Or([text("a"), text("b")]), 100).rows.tolist()
                    if found != list(range(wanted)) or reader.count(EVERY) != wanted:
                        faults.append((wanted, found))
                reader.close()
        except Exception as error:  # noqa: BLE001
            faults.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for row in range(20, 50):
        box.writer.add(entry(row, "a b"))
        box.writer.commit(row - 18)
    for thread in threads:
        thread.join()
    assert not faults


def test_threads_can_share_a_reader(box: Box) -> None:
    reader = box.texts(*[f"a b{n % 7} c{n % 3}" for n in range(200)])
    query = q.And([q.Or([text("b1"), text("c2")]), q.Not(q.Phrase("text", ["a", "b3"]))])
    wanted = reader.rank(query, 50)
    faults: list[object] = []

    def read() -> None:
        for _ in range(40):
            got = reader.rank(query, 50)
            if got.rows.tolist() != wanted.rows.tolist():
                faults.append(got)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


# Nodes


def test_term_in_each_field(box: Box) -> None:
    reader = box.put(
        entry(0, "a", "t", source="BBC News", author="Ann Élan", section="World", language="en"),
        entry(1, "t", "a", source="bbc news", article="x#1"),
    )
    assert rows(reader, text("a")) == [0]
    assert rows(reader, q.Term("title", "a")) == [1]
    assert rows(reader, q.Term("source", "bbc news")) == [0, 1]
    assert rows(reader, q.Term("source", "news")) == [0, 1]
    assert rows(reader, q.Term("source", exact_term("BBC News"))) == [0]
    assert rows(reader, q.Term("source", "BBC News")) == []
    assert rows(reader, q.Term("author", "elan")) == [0]
    assert rows(reader, q.Term("section", "world")) == [0]
    assert rows(reader, q.Term("language", "en")) == [0]
    assert rows(reader, q.Term("article", exact_term("x#1"))) == [1]
    assert rows(reader, text("=")) == rows(reader, text("")) == rows(reader, text("\ud800")) == []


def test_long_values(box: Box) -> None:
    value = "\U0001f600é" * 2048
    assert rows(box.put(entry(0, "a", source=value)), q.Term("source", exact_term(value))) == [0]


def test_phrase(box: Box) -> None:
    reader = box.texts("a b c", "b a c", "a x b c", "a x x b", "a a b", "b", "a")
    phrase = q.Phrase
    assert rows(reader, phrase("text", ["a", "b"])) == [0, 4]
    assert rows(reader, phrase("text", ["a", "b"], slop=2)) == [0, 2, 4]
    assert rows(reader, phrase("text", ["a", "b"], slop=3)) == [0, 2, 3, 4]
    assert rows(reader, phrase("text", ["a", "b", "c"], slop=2)) == [0, 2]
    assert rows(reader, phrase("text", ["a", "a", "b"])) == [4]
    assert rows(reader, phrase("text", ["a", "missing"])) == []
    assert rows(reader, phrase("text", ["b"])) == [0, 1, 2, 3, 4, 5]
    assert rows(reader, phrase("text", [])) == []
    assert rows(reader, phrase("title", ["a", "b"])) == []


def test_entries_that_share_fields_are_as_others(box: Box) -> None:
    values = {"source": value_terms("Port News")}
    shared = [KeywordEntry(row, f"a{row}", "t", values, 5, summary="s") for row in range(3)]
    alone = KeywordEntry(3, "a3", "t", {"source": value_terms("Port News")}, summary="s")
    reader = box.put(*shared, alone, replace(shared[0], row=4, text=""))
    for name, term in (("title", "t"), ("summary", "s"), ("source", "port")):
        assert rows(reader, q.Term(name, term)) == [0, 1, 2, 3, 4]
    assert [rows(reader, text(f"a{row}")) for row in range(4)] == [[0], [1], [2], [3]]
    assert rows(reader, q.Every("text")) == [0, 1, 2, 3]
    assert rows(reader, q.NumericRange("published", 5, 5)) == [0, 1, 2, 4]


def test_whole(box: Box) -> None:
    parts = "a x", "b x"
    whole = "a x b x"
    reader = box.put(
        entry(0, "a b x"),
        *(KeywordEntry(1 + at, part, "", whole=whole) for at, part in enumerate(parts)),
    )
    term, phrase = q.Term("whole", "a"), q.Phrase("whole", ["x", "b"])
    assert rows(reader, text("a")) == [0, 1]
    assert rows(reader, q.Every("whole")) == [1, 2]
    for query in (term, phrase, q.Prefix("whole", "b"), q.Phrase("whole", ["a", "b"], slop=2)):
        assert rows(reader, query) == [1, 2]
        assert reader.rank(query, 5).scores.tolist() == [1.0, 1.0]
        assert reader.rank(query.with_boost(2.5), 5).scores.tolist() == [2.5, 2.5]
    # The field `whole` does not change the scores of other fields.
    alone = reader.rank(text("b"), 5, q.Or([text("a"), term]))
    assert alone.rows.tolist() == reader.rank(text("b"), 5).rows.tolist()
    assert alone.scores.tolist() == reader.rank(text("b"), 5).scores.tolist()
    assert known(reader, "y") == []


def test_boolean(box: Box) -> None:
    reader = box.texts("a b", "a", "b", "c")
    a, b, none = text("a"), text("b"), text("none")
    assert rows(reader, q.And([a, b])) == [0]
    assert rows(reader, q.And([a, none])) == []
    assert rows(reader, q.And([a])) == [0, 1]
    assert rows(reader, q.And([])) == rows(reader, q.Or([])) == rows(reader, q.NullQuery) == []
    assert rows(reader, q.Or([a, b, none])) == [0, 1, 2]
    assert rows(reader, q.DisjunctionMax([a, b])) == [0, 1, 2]
    assert rows(reader, q.Not(a)) == [2, 3]
    assert rows(reader, q.Not(none)) == [0, 1, 2, 3]
    assert rows(reader, q.Not(q.Not(a))) == [0, 1]
    assert rows(reader, q.And([q.Not(a), q.Not(b)])) == [3]
    assert rows(reader, q.And([a, q.Not(b)])) == rows(reader, q.AndNot(a, b)) == [1]
    assert rows(reader, q.Or([a, q.Not(b)])) == [0, 1, 3]
    assert rows(reader, q.Or([q.Not(a), q.Not(b)])) == [1, 2, 3]
    assert rows(reader, q.AndMaybe(a, b)) == [0, 1]
    assert rows(reader, q.Require(a, b)) == [0]
    assert rows(reader, q.ConstantScoreQuery(a)) == [0, 1]
    assert rows(reader, q.AndNot(a, EVERY)) == rows(reader, q.Not(EVERY)) == []


def test_patterns(box: Box) -> None:
    reader = box.put(
        entry(0, "missil", source="Bbc"),
        entry(1, "missing", source="b.c"),
        entry(2, "mass"),
        entry(3, "a.b (c)"),
        entry(4, "éa ab"),
    )
    assert rows(reader, q.Prefix("text", "miss")) == [0, 1]
    assert rows(reader, q.Prefix("text", "none")) == []
    assert rows(reader, q.Wildcard("text", "m*ss*")) == [0, 1, 2]
    assert rows(reader, q.Wildcard("text", "m?ss")) == [2]
    assert rows(reader, q.Wildcard("text", "?a")) == [4]
    assert rows(reader, q.Wildcard("text", "**")) == rows(reader, EVERY)
    assert rows(reader, q.Wildcard("text", "*s*")) == [0, 1, 2]
    assert rows(reader, q.Wildcard("text", "a.*")) == [3]
    assert rows(reader, q.Wildcard("text", "(*)")) == [3]
    assert rows(reader, q.Wildcard("text", "mass")) == [2]
    assert rows(reader, q.Wildcard("text", "[m]*")) == []
    assert rows(reader, q.Wildcard("source", "b?c")) == [0, 1]
    assert rows(reader, q.Wildcard("source", "?bbc")) == []
    assert rows(reader, q.Wildcard("source", "*bc")) == [0]
    assert rows(reader, q.Wildcard("source", "*")) == rows(reader, q.Every("source")) == [0, 1]


def test_long_patterns_are_rejected(box: Box) -> None:
    reader = box.texts("x" * 64, "y")
    assert rows(reader, q.Prefix("text", "x" * 64)) == [0]
    assert rows(reader, q.Prefix("text", "x" * 127)) == []
    assert rows(reader, q.Wildcard("text", "*" + "é*?" * 3 + "é")) == []
    for query in (q.Prefix("text", "x" * 200), q.Wildcard("text", "x*" * 20)):
        with pytest.raises(ValueError, match="pattern"):
            reader.rows(query)


def test_fuzzy(box: Box) -> None:
    reader = box.texts("receive", "recieve", "receives", "deceive", "relieve", "reveal")
    fuzzy = q.FuzzyTerm
    assert rows(reader, fuzzy("text", "recieve", maxdist=1, prefixlength=0)) == [0, 1, 4]
    assert rows(reader, fuzzy("text", "receive", maxdist=1, prefixlength=0)) == [0, 1, 2, 3]
    assert rows(reader, fuzzy("text", "receive", maxdist=1, prefixlength=1)) == [0, 1, 2]
    assert rows(reader, fuzzy("text", "receive", maxdist=2, prefixlength=1)) == [0, 1, 2, 4]
    assert rows(reader, fuzzy("text", "receive", maxdist=9, prefixlength=1)) == [0, 1, 2, 4]
    assert rows(reader, fuzzy("text", "receive", maxdist=0)) == [0]
    assert rows(reader, fuzzy("text", "x.(" * 30, maxdist=1)) == []


def test_published(box: Box) -> None:
    times = [None, -5, 0, 10, 20, 2**40]
    reader = box.put(*(entry(row, "a", **_published(time)) for row, time in enumerate(times)))

    def between(start: int | None, end: int | None, **exclusive: bool) -> list[int]:
        return rows(reader, q.NumericRange("published", start, end, **exclusive))

    assert between(0, 10) == [2, 3]
    assert between(0, 10, startexcl=True) == [3]
    assert between(0, 10, endexcl=True) == [2]
    assert between(0, 10, startexcl=True, endexcl=True) == []
    assert between(None, 0) == [1, 2]
    assert between(10, None) == [3, 4, 5]
    assert between(None, None) == rows(reader, q.Every("published")) == [1, 2, 3, 4, 5]
    assert between(10, 0) == []
    assert between(-(10**30), 10**30) == [1, 2, 3, 4, 5]


def _published(time: int | None) -> dict[str, int]:
    return {} if time is None else {"published": time}


def test_every_does_not_match_the_marker(box: Box) -> None:
    reader = box.put(entry(5, ""), entry(7, "a"))
    assert rows(reader, EVERY) == [5, 7]
    assert rows(reader, q.Every("text")) == [7]
    assert rows(reader, q.Not(q.NullQuery)) == [5, 7]
    assert ranked(reader, q.Or([EVERY, text("a")])) == [7, 5]


@pytest.mark.parametrize(
    ("query", "error", "named"),
    [
        (q.TermRange("text", "a", "b"), TypeError, "TermRange"),
        (q.And([q.Variations("text", "a")]), TypeError, "Variations"),
        (q.Not(q.SpanFirst(q.Term("text", "a"))), TypeError, "SpanFirst"),
        (q.Term("nowhere", "a"), ValueError, "nowhere"),
        (q.Term("published", "a"), ValueError, "published"),
        (q.Every("nowhere"), ValueError, "nowhere"),
        (q.NumericRange("row", 1, 2), ValueError, "row"),
        (q.Phrase("source", ["a", "b"]), ValueError, "source"),
    ],
)
def test_unsupported_queries(box: Box, query: q.Query, error: type[Exception], named: str) -> None:
    reader = box.texts("a")
    for ask in (lambda: reader.rank(query, 5), lambda: reader.count(query)):
        with pytest.raises(error, match=named):
            ask()


# Ranking


def test_rarer_word_wins(box: Box) -> None:
    reader = box.texts("common x", "rare x", *["common y"] * 8)
    assert ranked(reader, q.Or([text("common"), text("rare")]), 2) == [1, 0]


def test_more_occurrences_win(box: Box) -> None:
    assert ranked(box.texts("a x y z", "a a y z", "b b b b"), text("a")) == [1, 0]


def test_shorter_paragraph_wins(box: Box) -> None:
    assert ranked(box.texts("a " + "x " * 30, "a x x", "b"), text("a")) == [1, 0]


def test_boosted_title_wins(box: Box) -> None:
    reader = box.put(entry(0, "a x", "y z"), entry(1, "x y", "a z"), entry(2, "b", "b"))
    assert ranked(reader, q.Or([text("a"), q.Term("title", "a", boost=3.0)])) == [1, 0]
    assert ranked(reader, q.Or([text("a", 3.0), q.Term("title", "a")])) == [0, 1]


def test_boosts_multiply_down_to_leaves(box: Box) -> None:
    reader = box.texts("a", "b", "c")
    parts = [q.And([q.Or([text("b")])], boost=2.0), q.Or([text("a")], boost=0.5), text("c")]
    assert ranked(reader, q.Or(parts)) == [1, 2, 0]
    double = reader.rank(q.And([text("a"), EVERY], boost=2.0), 1).scores
    single = reader.rank(q.And([text("a"), EVERY]), 1).scores
    assert double == pytest.approx(2 * single, rel=1e-5)


def test_constant_scores(box: Box) -> None:
    reader = box.put(entry(0, "aa ab", source="x", published=3))
    one = [
        EVERY,
        q.Prefix("text", "a"),
        q.Wildcard("text", "?a"),
        q.FuzzyTerm("text", "ab"),
        q.NumericRange("published", 1, 5),
        q.Term("source", "x"),
        q.ConstantScoreQuery(text("aa")),
        q.And([EVERY, q.Not(text("no"))]),
    ]
    for query in one:
        assert reader.rank(query, 5).scores.tolist() == [1.0], query
        assert reader.rank(query.with_boost(2.5), 5).scores.tolist() == [2.5] or isinstance(
            query, q.ConstantScoreQuery
        ), query
    assert reader.rank(q.And(one), 5).scores.tolist() == [float(len(one))]
    assert reader.rank(q.Or([*one, text("no")]), 5).scores.tolist() == [float(len(one))]
    assert reader.rank(q.ConstantScoreQuery(text("aa"), 7.0), 5).scores.tolist() == [7.0]
    assert reader.rank(q.Not(text("no")), 5).scores.tolist() == [0.0]
    assert reader.rank(q.DisjunctionMax([EVERY, EVERY], tiebreak=0.5), 5).scores == [1.5]


def test_ties_are_in_order_of_rows(box: Box) -> None:
    order = [9, 3, 7, 1, 8, 0, 4]
    for start in range(0, 7, 3):
        reader = box.put(*(entry(row, "a b c") for row in order[start : start + 3]))
    for query in (text("a"), q.Or([text("a"), text("b"), text("c")]), EVERY):
        for depth in range(1, 8):
            ranking = reader.rank(query, depth)
            assert ranking.rows.tolist() == sorted(order)[:depth], (query, depth)
            assert len(set(ranking.scores.tolist())) == 1
            assert ranking.complete == (depth == 7)


def test_scores_are_those_of_the_ranking_in_the_order_of_rows(box: Box) -> None:
    reader = box.texts(*(f"a {'b ' * (number % 3)}" for number in range(4_200)), "c")
    allowed = np.arange(4_201) % 2 == 0
    for query in (text("a"), text("b"), q.Or([text("b"), text("c")]), q.Prefix("text", "a"), EVERY):
        for mask in (None, allowed):
            assert_same_scores(reader, query, mask)
    assert len(reader.scores(text("z"))) == 0


def assert_same_scores(
    reader: KeywordReader, query: q.Query, allowed: NDArray[np.bool_] | None = None
) -> None:
    """Check that `scores` and `rank` give all rows the same scores."""
    found, ranking = reader.scores(query, allowed), reader.rank(query, 5_000)
    order = np.argsort(ranking.rows)
    if allowed is not None:
        order = order[allowed[ranking.rows[order]]]
    assert (found.rows.dtype, found.scores.dtype) == (np.int64, np.float32)
    assert found.rows.tolist() == ranking.rows[order].tolist(), query
    assert found.scores.tolist() == pytest.approx(ranking.scores[order].tolist(), rel=1e-5), query


def test_depth_limits_the_ranking(box: Box) -> None:
    reader = box.texts("a", "a a", "b", "a a a")
    for query in (text("a"), q.Prefix("text", "a")):
        assert not reader.rank(query, 2).complete
        assert reader.rank(query, 3).complete
        assert reader.rank(query, 4).complete
    assert ranked(reader, text("a"), 2) == ranked(reader, text("a"), 3)[:2]
    ranking = reader.rank(text("a"), 3)
    assert (ranking.rows.dtype, ranking.scores.dtype) == (np.int64, np.float32)
    assert ranking.scores.tolist() == sorted(ranking.scores.tolist(), reverse=True)
    for depth in (0, -1):
        with pytest.raises(ValueError, match="depth"):
            reader.rank(text("a"), depth)


def test_within_adds_no_score(box: Box) -> None:
    reader = box.put(*(entry(row, "a b"[: 1 + row], source="xy"[row % 2]) for row in range(4)))
    plain = reader.rank(q.Or([text("a"), text("b")]), 10)
    scores = dict(zip(plain.rows.tolist(), plain.scores.tolist(), strict=True))
    for within in (q.Term("source", "x"), q.And([q.Term("source", "x"), text("a")])):
        kept = reader.rank(q.Or([text("a"), text("b")]), 10, within)
        assert sorted(kept.rows.tolist()) == [0, 2]
        for row, score in zip(kept.rows.tolist(), kept.scores.tolist(), strict=True):
            assert score == pytest.approx(scores[row], rel=1e-5)
    assert reader.rank(EVERY, 10, q.Not(text("b"))).scores.tolist() == [1.0, 1.0]
    assert len(reader.rank(text("a"), 10, q.NullQuery)) == 0


def test_rows_are_limited_to_candidates(box: Box) -> None:
    reader = box.texts("a", "b", "a", "a b")

    def among(*candidates: int) -> list[int]:
        found = reader.rows(text("a"), np.array(candidates, np.int64))
        assert found.dtype == np.int64
        return found.tolist()

    assert among(3, 1, 0) == [0, 3]
    assert among(3, 3) == [3]
    assert among(1, 99, -1) == among() == []
    assert among(*range(6000)) == [0, 2, 3]


# Engines agree with each other and with a simple evaluation of the tree

LETTERS = "abc"
words = st.lists(st.sampled_from([*LETTERS, "ab", "bca", "caab"]), max_size=6)
corpora = st.lists(
    st.tuples(
        words, words, st.sampled_from([None, "X", "Y z"]), st.none() | st.integers(-3, 3), words
    ),
    max_size=8,
)
fields = st.sampled_from(["text", "title", "whole"])
some = st.text(LETTERS, min_size=1, max_size=3)
ends = st.none() | st.integers(-3, 3)
leaves = st.one_of(
    st.builds(q.Term, fields, some),
    st.builds(q.Term, st.just("source"), st.sampled_from(["x", "z", "y z", " X"])),
    st.builds(q.Phrase, fields, st.lists(some, max_size=3), slop=st.integers(1, 3)),
    st.builds(q.Prefix, fields, some),
    st.builds(q.Wildcard, fields, st.text("ab*?", min_size=1, max_size=4)),
    st.builds(
        q.FuzzyTerm, fields, some, maxdist=st.integers(0, 2), prefixlength=st.integers(0, 2)
    ),
    st.builds(
        q.NumericRange, st.just("published"), ends, ends, startexcl=st.booleans(),
        endexcl=st.booleans(),
    ),
    st.builds(q.Every, st.sampled_from([None, "text", "source", "published", "whole"])),
    st.just(q.NullQuery),
)  # fmt: skip


def compounds(parts: st.SearchStrategy[q.Query]) -> st.SearchStrategy[q.Query]:
    several = st.lists(parts, max_size=4)
    boosts = st.sampled_from([0.5, 1.0, 2.0])
    return st.one_of(
        st.builds(q.And, several, boost=boosts),
        st.builds(q.Or, several, boost=boosts),
        st.builds(q.DisjunctionMax, several, tiebreak=st.sampled_from([0.0, 0.5])),
        st.builds(q.Not, parts),
        st.builds(q.AndNot, parts, parts),
        st.builds(q.AndMaybe, parts, parts),
        st.builds(q.Require, parts, parts),
        st.builds(q.ConstantScoreQuery, parts, st.sampled_from([0.0, 2.0])),
    )


trees = st.recursive(leaves, compounds, max_leaves=8)


@settings(max_examples=60, deadline=None)
@given(corpus=corpora, asked=st.lists(trees, min_size=1, max_size=12), cuts=st.data())
def test_engines_agree(
    tmp_path_factory: pytest.TempPathFactory,
    corpus: list[tuple[list[str], list[str], str | None, int | None, list[str]]],
    asked: list[q.Query],
    cuts: st.DataObject,
) -> None:
    entries = [
        KeywordEntry(
            row,
            " ".join(body),
            " ".join(title),
            {"source": value_terms(source)} if source else {},
            published=published,
            whole=" ".join(whole),
        )
        for row, (body, title, source, published, whole) in enumerate(corpus)
    ]
    commits = cuts.draw(st.lists(st.integers(0, len(entries)), max_size=3).map(sorted))
    gone = cuts.draw(st.sets(st.integers(0, 8), max_size=2))
    alive = [one for one in entries if one.row not in gone]
    boxes = [Box(tmp_path_factory.mktemp("agree") / engine, engine) for engine in ENGINES]
    for box in boxes:
        for start, end in zip([0, *commits], [*commits, len(entries)], strict=True):
            reader = box.put(*entries[start:end])
        box.writer.delete(sorted(gone))
        reader = box.put()
        for tree in asked:
            wanted = [one.row for one in alive if holds(tree, one)]
            assert rows(reader, tree) == wanted, (box.engine, tree)
            ranking = reader.rank(tree, max(1, len(entries)))
            assert sorted(ranking.rows.tolist()) == wanted, (box.engine, tree)
            assert ranking.complete
            assert_same_scores(reader, tree)
            short = reader.rank(tree, 2)
            assert short.rows.tolist() == ranking.rows.tolist()[:2], (box.engine, tree)
            assert short.complete == (len(wanted) <= 2)
    for box in boxes:
        box.close()


def holds(tree: q.Query, one: KeywordEntry) -> bool:
    """Return whether an entry matches a tree, by a simple evaluation."""
    match tree:
        case q.NumericRange():
            time, low, high = one.published, tree.start, tree.end
            return time is not None and (
                (low is None or time > low or (time == low and not tree.startexcl))
                and (high is None or time < high or (time == high and not tree.endexcl))
            )
        case q.Every():
            if tree.fieldname == "published":
                return one.published is not None
            return tree.fieldname is None or bool(one.terms(tree.fieldname))
        case q.Phrase():
            return bool(tree.words) and follows(one.terms(tree.fieldname), tree.words, tree.slop)
        case q.Prefix():
            return any(term.startswith(tree.text) for term in one.terms(tree.fieldname))
        case q.Wildcard():
            return any(glob(tree.text, term) for term in one.terms(tree.fieldname))
        case q.FuzzyTerm():
            start = tree.text[: tree.prefixlength]
            return any(
                term.startswith(start) and edits(tree.text, term) <= tree.maxdist
                for term in one.terms(tree.fieldname)
            )
        case q.Term():
            return tree.text in one.terms(tree.fieldname)
        case q.Not():
            return not holds(tree.query, one)
        case q.AndNot():
            return holds(tree.a, one) and not holds(tree.b, one)
        case q.AndMaybe():
            return holds(tree.a, one)
        case q.Require():
            return holds(tree.a, one) and holds(tree.b, one)
        case q.ConstantScoreQuery():
            return holds(tree.child, one)
        case q.And():
            return bool(tree.subqueries) and all(holds(part, one) for part in tree.subqueries)
        case q.Or() | q.DisjunctionMax():
            return any(holds(part, one) for part in tree.subqueries)
    return False


def follows(terms: Sequence[str], wanted: Sequence[str], slop: int, after: int = -1) -> bool:
    if not wanted:
        return True
    reach = range(len(terms)) if after < 0 else range(after + 1, min(after + slop + 1, len(terms)))
    return any(
        terms[place] == wanted[0] and follows(terms, wanted[1:], slop, place) for place in reach
    )


def glob(pattern: str, term: str) -> bool:
    if not pattern:
        return not term
    if pattern[0] == "*":
        return any(glob(pattern[1:], term[skip:]) for skip in range(len(term) + 1))
    return bool(term) and pattern[0] in ("?", term[0]) and glob(pattern[1:], term[1:])


def edits(one: str, other: str) -> int:
    if not one or not other:
        return len(one) + len(other)
    cost = min(
        edits(one[1:], other) + 1,
        edits(one, other[1:]) + 1,
        edits(one[1:], other[1:]) + (one[0] != other[0]),
    )
    if len(one) > 1 and len(other) > 1 and one[0] == other[1] and one[1] == other[0]:
        cost = min(cost, edits(one[2:], other[2:]) + 1)
    return cost


# Weights


def test_weight_equals_the_score_of_a_text_of_average_length(box: Box) -> None:
    reader = box.texts(*(f"common word{row % 20} filler" for row in range(400)))
    common, rare, unknown = reader.term_statistics(["common", "word7", "unknown"])
    for term, found in (("common", common), ("word7", rare)):
        best = float(reader.rank(text(term), 1).scores[0])
        assert found.weight == pytest.approx(best, rel=0.02)
    assert unknown.weight > rare.weight > common.weight
    assert [one.frequency for one in (common, rare, unknown)] == [400, 20, 0]
    assert reader.term_statistics([]) == []


def known(reader: KeywordReader, *terms: str) -> list[str]:
    found = reader.term_statistics(terms)
    return [term for term, one in zip(terms, found, strict=True) if one.known]


def test_term_is_known_while_a_living_paragraph_has_it(box: Box) -> None:
    assert known(box.read(), "ferry") == []
    reader = box.put(entry(0, "ferry", "harbour"), entry(1, "ferry storm"), entry(2, "bread"))
    held = ["ferry", "harbour", "storm", "bread"]
    assert known(reader, *held, "ferr", "Ferry", "", "row") == held
    box.writer.delete([0, 1])
    reader = box.put(entry(3, "ferry"))
    assert known(reader, *held) == ["ferry", "bread"]
    box.writer.delete([3])
    reader = box.put(entry(4, "bread"))
    assert known(reader, *held) == ["bread"]
