"""Every match can be reached once, in every mode, group and order.

The expected sets come from two sources that share no code with a directory: MemoryReader, and a
plain reading of the definition over the articles themselves.
"""

from __future__ import annotations

import base64
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings, strategies as st

from nutgraf.index import Article, IndexWriter, compact_index, create_index
from nutgraf.index.keywords import Engine
from nutgraf.index.reader.live import LiveIndex
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.search import Filters, RequestError, Response, Searcher, SearchRequest
from tests.contract.memory_reader import MemoryReader
from tests.contract.test_searches import Lent

WORDS = ("ferry", "bridge", "tower", "orchard", "verdict")
# Copies of these texts are versions of one another; they are long enough to have a sketch.
LONG = tuple(
    " ".join([word, *(f"{word}{letter}" for letter in "abcdefghijklmnopqrstuvw")]) for word in WORDS
)
SOURCES = (None, "Post", "Écho", "Herald")
DATES = (None, "2023-06-30", "2023-06-30T23:30:00", "2024-01-01", "1912-04-15")

paragraphs = st.one_of(
    st.sampled_from(LONG),
    st.sets(st.sampled_from(WORDS), max_size=3).map(lambda some: " ".join(["It", *sorted(some)])),
)
contents = st.tuples(
    st.sampled_from(WORDS),
    st.lists(paragraphs, min_size=1, max_size=4),
    st.sampled_from(SOURCES),
    st.sampled_from(DATES),
)
puts = st.lists(st.tuples(st.integers(0, 11), st.none() | contents), min_size=1, max_size=14)
commits = st.lists(puts, min_size=1, max_size=3)

questions = st.sampled_from(
    ["", "*", "ferry", "bridge tower", "ferry orchard verdict", "source:post", "-ferry",
     "published:[2000 TO]", '"it bridge" tower', "+ferry bridge", "zebra", "orch*"],
)  # fmt: skip
requests = st.fixed_dictionaries(
    {
        "q": questions,
        "mode": st.sampled_from(["keyword", "semantic", "hybrid"]),
        "group": st.sampled_from(["paragraph", "article"]),
        "versions": st.sampled_from([None, "newest", "first", "all"]),
        "sort": st.sampled_from([None, "relevance", "newest", "oldest", "source:asc",
                                 "source:desc", "published:asc", "language:asc"]),
        "filters": st.sampled_from([Filters(), Filters(source="Post"),
                                    Filters(published_from="2023", published_to="2023")]),
        "min_score": st.sampled_from([0.0, 0.0, 0.001, 0.4]),
        "diversity": st.sampled_from([0.0, 0.0, 0.5]),
    }
)  # fmt: skip
# An example builds an index and walks it: to shrink a failing one would take minutes.
QUICK = (Phase.explicit, Phase.generate)
FACETS = ("source", "language", "published:day", "published:year")


@pytest.fixture(scope="module", params=["tantivy", "whoosh"])
def empty(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path
) -> Path:
    """An empty index; each example writes to a copy."""
    engine: Engine = request.param
    path = tmp_path_factory.mktemp("complete") / "empty.index"
    create_index(path, model=str(tiny_encoder), keyword_engine=engine)
    return path


@pytest.fixture(scope="module")
def copy(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    def copied() -> Path:
        path = tmp_path_factory.mktemp("copy") / "news.index"
        shutil.copytree(empty, path)
        return path

    return copied


@pytest.fixture(autouse=True)
def near(monkeypatch: pytest.MonkeyPatch) -> int:
    """Count few paragraphs as near in meaning, so that others are left."""
    for module in ("search.retrieval.queries", "search.ranking.rank"):
        monkeypatch.setattr(f"nutgraf.{module}.DEPTH", 5)
    return 5


def write(index: Path, some: Sequence[tuple[int, Any]], known: dict[str, Article]) -> None:
    """Put and delete articles in one commit."""
    with IndexWriter(index, trust=True) as writer:
        for number, content in some:
            name = f"a{number}"
            if content is None:
                writer.delete(name)
                known.pop(name, None)
                continue
            title, texts, source, published = content
            article = Article(
                name, title, tuple(texts), source=source, published=published, language="en"
            )
            writer.put(article)
            known[name] = article


def built(index: Path, all_commits: Sequence[Any]) -> dict[str, Article]:
    known: dict[str, Article] = {}
    for some in all_commits:
        write(index, some, known)
    return known


def ask(searcher: Searcher, asked: dict[str, Any], **more: Any) -> Response:
    return searcher.search(SearchRequest(**asked, **more))


def do_nothing() -> None:
    """Do nothing between two pages."""


def walk(
    searcher: Searcher,
    asked: dict[str, Any],
    limit: int,
    after_page: Callable[[], None] = do_nothing,
) -> tuple[list[Any], Response]:
    """Return the hits of all pages, and the first page."""
    first = page = ask(searcher, asked, limit=limit, facets=FACETS)
    hits = list(page.hits)
    while page.next is not None:
        after_page()
        assert len(page.hits) == limit
        page = ask(searcher, asked, limit=limit, cursor=page.next)
        assert page.total == first.total
        assert page.warnings == first.warnings
        assert page.snapshot == first.snapshot
        hits += page.hits
    assert first.total.relation == "eq"
    assert len(hits) == first.total.value
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert len({hit.id for hit in hits}) == len(hits)
    return hits, first


@settings(max_examples=12, phases=QUICK, report_multiple_bugs=False)
@given(
    all_commits=commits, asked=st.lists(requests, min_size=4, max_size=4), limit=st.integers(1, 5)
)
def test_walk_reaches_the_set_of_the_definition(
    copy: Callable[[], Path], all_commits: Any, asked: list[dict[str, Any]], limit: int
) -> None:
    index = copy()
    known = built(index, all_commits)
    with IndexSnapshot.open(index, trust=True) as snapshot:
        mine, theirs = Searcher(Lent(snapshot)), Searcher(Lent(MemoryReader(snapshot)))
        for one in asked:
            hits, first = walk(mine, one, limit)
            expected = ask(theirs, one, limit=100, facets=FACETS)
            compare(hits, first, expected, one)
            check_by_hand(hits, first, one, known)


def compare(hits: list[Any], first: Response, expected: Response, asked: dict[str, Any]) -> None:
    if asked["min_score"] > 0.0:
        return  # BM25 of tantivy rounds lengths, so few scores lie on another side of a bound.
    assert first.facets == expected.facets
    mine = [(hit.id, hit.version_ids) for hit in hits]
    theirs = [(hit.id, hit.version_ids) for hit in expected.hits]
    if hits and (hits[0].score is None or asked["sort"] not in (None, "relevance")):
        assert mine == theirs
        return
    assert sorted(mine) == sorted(theirs)
    if not asked["diversity"]:
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)


def check_by_hand(
    hits: list[Any], first: Response, asked: dict[str, Any], known: dict[str, Article]
) -> None:
    """Compare with a plain reading of the definition, where one is short."""
    words = {"ferry": {"ferry"}, "bridge tower": {"bridge", "tower"}, "zebra": {"zebra"}}
    if asked["q"] in ("", "*"):
        wanted: set[str] | None = None
    elif asked["q"] in words and asked["mode"] == "keyword" and asked["min_score"] == 0.0:
        wanted = words[asked["q"]]
    else:
        return
    matching = [
        (article, at)
        for article in known.values()
        if not asked["filters"].source or article.source == "Post"
        if asked["filters"].published_from is None or (article.published or "")[:4] == "2023"
        for at, text in enumerate(article.paragraphs)
        if wanted is None or wanted & {article.title, *text.split()}
    ]
    names = {a.id if asked["group"] == "article" else f"{a.id}#{at}" for a, at in matching}
    assert {name for hit in hits for name in hit.version_ids} == names
    folded = asked["versions"] != "all" and (asked["versions"] or asked["group"] == "article")
    assert folded or len(hits) == len(names)
    if not folded and not asked["filters"].source:
        counted = Counter(hit.article.source for hit in hits if hit.article.source)
        assert {one.value: one.count for one in first.facets["source"]} == counted
    dates = [hit.article.published for hit in hits]
    if asked["sort"] in ("newest", None) and wanted is None:
        dated = [f"{date}T00:00:00"[:19] for date in dates if date is not None]
        assert dated == sorted(dated, reverse=True)
        assert all(date is None for date in dates[len(dated) :])


@settings(max_examples=12, phases=QUICK, report_multiple_bugs=False)
@given(
    all_commits=commits, later=puts, asked=requests, limit=st.integers(1, 3), at=st.integers(0, 3)
)
def test_walk_continues_in_its_snapshot_while_others_commit(
    copy: Callable[[], Path],
    all_commits: Any,
    later: Any,
    asked: dict[str, Any],
    limit: int,
    at: int,
) -> None:
    index = copy()
    known = built(index, all_commits)
    with Searcher(LiveIndex(index, trust=True)) as searcher:
        searcher.warm()
        before, _ = walk(searcher, asked, limit)
        pages = 0

        def commit_after_page() -> None:
            nonlocal pages
            pages += 1
            if pages == at + 1:
                write(index, later, known)
                searcher.refresh()

        during, _ = walk(searcher, asked, limit, commit_after_page)
        assert [hit.version_ids for hit in during] == [hit.version_ids for hit in before]
        assert [hit.score for hit in during] == [hit.score for hit in before]


@settings(max_examples=12, phases=QUICK, report_multiple_bugs=False)
@given(all_commits=commits, later=puts, asked=requests, limit=st.integers(1, 3))
def test_walk_repeats_no_hit_after_its_snapshot_is_gone(
    copy: Callable[[], Path], all_commits: Any, later: Any, asked: dict[str, Any], limit: int
) -> None:
    index = copy()
    known = built(index, all_commits)
    with Searcher(LiveIndex(index, trust=True)) as searcher:
        page = ask(searcher, asked, limit=limit)
        seen, rows = [hit.id for hit in page.hits], searcher.statistics().rows
    old = dict(known)
    write(index, later, known)
    while page.next is not None:
        with Searcher(LiveIndex(index, trust=True)) as searcher:
            page = ask(searcher, asked, limit=limit, cursor=page.next)
            changed = searcher.statistics().rows > rows or page.snapshot > len(all_commits)
            if changed and page.snapshot > len(all_commits):
                assert any("the index changed since the first page" in w for w in page.warnings)
            for hit in page.hits:
                assert known[hit.article.id] == old.get(hit.article.id), "it was changed since"
            seen += [hit.id for hit in page.hits]
    assert len(set(seen)) == len(seen)
    with Searcher(LiveIndex(index, trust=True)) as searcher:
        unchanged = known == old and searcher.statistics().rows == rows
        if unchanged and not asked["min_score"]:
            assert len(seen) == ask(searcher, asked).total.value


def test_cursor_is_refused_by_another_index_request_and_generation(
    copy: Callable[[], Path], tmp_path: Path, tiny_encoder: Path
) -> None:
    index, other = copy(), tmp_path / "other.index"
    create_index(other, model=str(tiny_encoder))
    content = ("ferry", ["It ferry", "It bridge"], None, None)
    for path in (index, other):
        built(path, [[(number, content) for number in range(4)]])
    with Searcher(LiveIndex(index, trust=True)) as searcher:
        cursor = searcher.search("ferry", limit=1).next
        assert cursor is not None
        for changed in ({"q": "bridge"}, {"mode": "keyword"}, {"sort": "newest"},
                        {"filters": Filters(source="Post")}, {"group": "article"}):  # fmt: skip
            with pytest.raises(RequestError, match="cursor: was made for another request"):
                ask(searcher, {"q": "ferry", "cursor": cursor, **changed})
        for same in ({"limit": 3}, {"facets": "source"}, {"explain": True}, {"text": True}):
            assert searcher.search("ferry", cursor=cursor, **same).hits[0].rank == 2
        with pytest.raises(RequestError, match="offset: is not possible with a cursor"):
            searcher.search("ferry", cursor=cursor, offset=1)
        with pytest.raises(RequestError, match="sort: cannot order by 'title'; choose one of"):
            searcher.search("ferry", sort="title")
    refused = pytest.raises(RequestError, match="cursor: was made for another index")
    with Searcher(other) as elsewhere, refused:
        elsewhere.search("ferry", cursor=cursor)
    compact_index(index)
    refused = pytest.raises(RequestError, match="or the index was rebuilt since")
    with Searcher(LiveIndex(index, trust=True)) as searcher, refused:
        searcher.search("ferry", cursor=cursor)


@given(st.data())
def test_damaged_cursor_is_refused(seeds_index: Path, data: st.DataObject) -> None:
    with Searcher(seeds_index) as searcher:
        cursor = searcher.search("flood", mode="keyword", limit=3).next
        assert cursor is not None
        at = data.draw(st.integers(0, len(cursor) - 1))
        sign = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda c: c != "\0"))
        damaged = cursor[:at] + sign + cursor[at + 1 :]
        text = data.draw(st.sampled_from([damaged, cursor[:at], cursor + sign, sign * 50]))
        if text in (cursor, ""):
            return
        if base64.urlsafe_b64decode(cursor + "===") == decoded(text):
            return  # The last sign has bits that no byte uses.
        with pytest.raises(RequestError, match="cursor: is damaged or not a cursor"):
            searcher.search("flood", mode="keyword", limit=3, cursor=text)


def decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        return None
