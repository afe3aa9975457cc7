"""The suggestions of an index always match its living articles."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from rapidfuzz.distance import OSA

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index, verify_index
from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.analysis.phrases import PhraseExtractor
from nutgraf.index.catalog.reader import Catalog
from nutgraf.index.catalog.rows import ArticleRows, Row
from nutgraf.index.catalog.writer import CatalogWriter
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.maintenance.rebuild import compact_index, repair_index
from nutgraf.index.storage.layout import CATALOG, PARTS, SUGGESTIONS
from nutgraf.index.suggestions import writer as writer_module
from nutgraf.index.suggestions.reader import Suggestions, counted_checksum, magnitude_of
from nutgraf.index.suggestions.writer import SuggestionsWriter, derive
from nutgraf.index.verification.suggestions import StoredSuggestions
from tests.work import work_of

TEXTS = (
    "Jane Doe left Port Aldane by ferry.",
    "The ferry to Port Aldane was late, said Jane Doe.",
    "Bread costs more in Saint Ives; the bakers of Port Aldane strike.",
    "Zoë's café shut. Nobody was hurt.",
    "北京 and 12 others",
)
TITLES = ("Ferry strike ends", "Ferry strike goes on", "Bread prices rise", "Café shut")


@pytest.fixture
def index(request: pytest.FixtureRequest, tmp_path: Path, tiny_encoder: Path) -> Path:
    path = tmp_path / "news.index"
    create_index(path, model=str(tiny_encoder), keyword_engine=getattr(request, "param", "tantivy"))
    return path


def write(index: Path, *articles: Article, delete: tuple[str, ...] = ()) -> None:
    with IndexWriter(index, trust=True) as writer:
        for article in articles:
            writer.put(article)
        for name in delete:
            writer.delete(name)


def three(index: Path) -> dict[str, Article]:
    """Write 3 articles and return them by id."""
    articles = [Article(f"a{at}", TITLES[at], TEXTS[at : at + 2]) for at in range(3)]
    write(index, *articles)
    return {article.id: article for article in articles}


def counted(folder: Path) -> tuple[dict[str, int], list[str]]:
    """Return all words and phrases with their counts, and the keys of complete titles."""
    with closing(sqlite3.connect(folder / SUGGESTIONS)) as connection:
        counts = dict(connection.execute("SELECT text, count FROM terms"))
        titles = connection.execute("SELECT key FROM titles WHERE later = 0 ORDER BY key")
        return counts, [key for (key,) in titles]


def recounted(articles: dict[str, Article]) -> tuple[dict[str, int], list[str]]:
    analyzers = Analyzers("en")
    phrases = PhraseExtractor(analyzers)
    counts: Counter[str] = Counter()
    for article in articles.values():
        counts.update(phrases.of(article.title, article.paragraphs))
    return dict(counts), sorted(analyzers.default.key(one.title) for one in articles.values())


PUT = st.tuples(
    st.sampled_from("abcde"), st.sampled_from(TITLES), st.lists(st.sampled_from(TEXTS), min_size=1)
)
CHANGES = st.lists(
    st.one_of(PUT, st.sampled_from("abcde"), st.sampled_from(("commit", "catch up", "open anew")))
)


def in_rows(article: Article) -> ArticleRows:
    """Return an article with one row for each paragraph."""
    made = tuple(Row(at, 0, 0, text) for at, text in enumerate(article.paragraphs))
    return ArticleRows(article, made, (b"read",) * len(made), article.digest())


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=CHANGES, most=st.sampled_from((4, writer_module.MAX_WORDS)))
def test_counts_equal_a_recount(
    changes: list[str | tuple[str, str, list[str]]],
    most: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer_module, "MAX_WORDS", most)
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    Catalog.create(folder / CATALOG)
    analyzers = Analyzers("en")
    alive: dict[str, Article] = {}
    put: dict[str, Article] = {}
    deleted: set[str] = set()
    with closing(CatalogWriter.open(folder / CATALOG, writing=True)) as catalog:
        writer = SuggestionsWriter(folder / SUGGESTIONS, catalog, analyzers)
        for change in [*changes, "commit", "catch up"]:
            if isinstance(change, tuple):
                name, title, texts = change
                alive[name] = put[name] = Article(name, title, tuple(texts))
                deleted.discard(name)
            elif change == "commit":
                catalog.write(
                    [*map(in_rows, put.values())], sorted(deleted), catalog.last_commit().rows, 0
                )
                put.clear()
                deleted.clear()
            elif change == "open anew":  # As after a crash between 2 steps of a commit.
                writer.close()
                writer = SuggestionsWriter(folder / SUGGESTIONS, catalog, analyzers)
            elif change == "catch up":
                writer.catch_up(catalog.last_commit().sequence)
            else:
                alive.pop(change, None)
                put.pop(change, None)
                deleted.add(change)
        writer.close()
        assert counted(folder) == recounted(alive)
        with closing(StoredSuggestions(folder / SUGGESTIONS)) as check:
            assert list(check.differences(catalog, analyzers)) == []


def test_words_and_phrases_are_in_order_of_their_counts(index: Path) -> None:
    three(index)
    with IndexSnapshot.open(index, trust=True) as snapshot:
        suggestions = snapshot.suggestions
        assert [(one.text, one.count) for one in suggestions.phrases("port", 9)] == [
            ("Port Aldane", 3)
        ]
        assert [one.text for one in suggestions.phrases("saint", 9)] == ["Saint Ives"]
        assert suggestions.phrases("nobody", 9) == []
        assert [(one.text, one.count) for one in suggestions.words("cafe", 9)] == [("café", 1)]
        assert [one.count for one in suggestions.words("", 9)] == sorted(
            (one.count for one in suggestions.words("", 9)), reverse=True
        )
        assert [one.text for one in suggestions.phrases_of(["port aldane", "port"])] == [
            "Port Aldane"
        ]
        words = suggestions.words("", 99)
        asked = ["ferry", "cafe", "nobody", "port aldane"]
        found = suggestions.words_of(asked)
        assert sorted(found, key=words.index) == [one for one in words if one.key in asked]
        near = [(apart, one.text) for apart, one in suggestions.words_like("fery", 1)]
        assert sorted(near) == [(1, "Ferry"), (1, "ferry")]
        assert suggestions.title_counts(["bread prices rise", "nobody"]) == [1, 0]


@pytest.mark.parametrize("index", ["tantivy", "whoosh"], indirect=True)
def test_deleted_article_is_not_suggested_and_compaction_removes_it(index: Path) -> None:
    alive = three(index)
    secret = Article("secret", "Ottoline withdrawn", ("Ottoline Verhaeghe.", "Ottoline Verhaeghe!"))
    write(index, secret, Article("other", "On Ottoline Verhaeghe", ("Ottoline Verhaeghe.",)))
    before = IndexSnapshot.open(index, trust=True)
    assert before.suggestions.phrases("ottoline", 9)
    write(index, delete=("secret", "other"))
    with before:
        # A reader of the older commit also sees the deletion.
        assert before.suggestions.phrases("ottoline", 9) == []
        assert before.suggestions.words("ott", 9) == []
        assert list(before.suggestions.titles("ottoline", 9, later=True)) == []
    assert counted(index) == recounted(alive)
    compact_index(index)
    for path in index.rglob("*"):
        content = path.read_bytes().lower() if path.is_file() else b""
        assert b"verhaeghe" not in content, path
        assert b"ottoline" not in content, path


def spoiled(path: Path) -> Iterator[Callable[[], object]]:
    """Yield ways to damage a file of suggestions."""

    def run(statement: str) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(statement)

    content = path.read_bytes()
    yield path.unlink
    yield lambda: path.write_bytes(b"")
    yield lambda: path.write_bytes(b"not a database at all" * 500)
    yield lambda: path.write_bytes(content[: len(content) // 3])
    yield lambda: run("UPDATE shown SET version = 0")
    yield lambda: run("UPDATE shown SET sequence = 0")
    yield lambda: run("UPDATE shown SET sequence = 99")
    yield lambda: run("DELETE FROM shown")
    yield lambda: run("DROP TABLE shown")


@pytest.mark.parametrize("way", range(9))
def test_reader_reports_damage_and_writer_rebuilds(index: Path, way: int) -> None:
    alive = three(index)
    list(spoiled(index / SUGGESTIONS))[way]()
    with IndexSnapshot.open(index, trust=True) as snapshot:
        if way != 6:  # A newer commit is no error for a reader.
            with pytest.raises(BrokenIndexError, match=r"suggestions.sqlite.*open the index for"):
                snapshot.suggestions.words("", 9)
    (finding,) = verify_index(index, trust=True).findings or (None,)
    assert finding is not None
    assert finding.part == SUGGESTIONS
    write(index)
    assert counted(index) == recounted(alive)
    assert verify_index(index, trust=True).findings == ()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE terms SET count = count + 1 WHERE key = 'ferry'",
        "UPDATE terms SET text = 'Feruy' WHERE text = 'Ferry'",
        "DELETE FROM terms WHERE text = 'Ferry'",
        "DELETE FROM titles WHERE key = 'strike ends'",
        "INSERT INTO titles VALUES (0, 'never written', 1)",
    ],
)
def test_change_by_the_disk_is_detected_and_repaired(index: Path, statement: str) -> None:
    alive = three(index)
    with closing(sqlite3.connect(index / SUGGESTIONS, isolation_level=None)) as connection:
        connection.execute(statement)
    (finding,) = verify_index(index, trust=True).findings
    assert finding.part == SUGGESTIONS
    assert "repair" in finding.remedy
    repair_index(index)
    assert verify_index(index, trust=True).findings == ()
    assert counted(index / "generation-2") == recounted(alive)


def test_changed_row_raises_an_error(index: Path) -> None:
    three(index)
    with closing(sqlite3.connect(index / SUGGESTIONS, isolation_level=None)) as connection:
        connection.execute("UPDATE terms SET text = 'Ferris' WHERE text = 'Ferry'")
    with (
        IndexSnapshot.open(index, trust=True) as snapshot,
        pytest.raises(BrokenIndexError, match="is damaged: a checksum does not match"),
    ):
        snapshot.suggestions.words("ferr", 9)
    # Updates of a wrong count stay wrong, so the writer rebuilds all.
    write(index, Article("more", "Ferry", ("Ferris and Ferry.",)), delete=("a0",))
    assert verify_index(index, trust=True).findings == ()


@pytest.mark.parametrize("lock", ["PRAGMA user_version", "PRAGMA locking_mode = EXCLUSIVE"])
def test_locked_suggestions_stay_behind_until_the_next_commit(index: Path, lock: str) -> None:
    alive = three(index)
    path = index / SUGGESTIONS
    file = path.stat().st_ino
    more = Article("more", "Ferry late", ("Ottoline left by ferry.",))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(lock)
        other.execute("BEGIN EXCLUSIVE")
        write(index, more)  # It waits for the lock, but gives up before its release.
        other.execute("ROLLBACK")
    assert counted(index) == recounted(alive)
    with (
        IndexSnapshot.open(index, trust=True) as snapshot,
        pytest.raises(BrokenIndexError, match="shows commit 1, not 2"),
    ):
        snapshot.suggestions.words("", 9)
    write(index, delete=("a0",))
    del alive["a0"]
    assert counted(index) == recounted({**alive, "more": more})
    assert path.stat().st_ino == file  # Not rebuilt, because that takes long.


def test_transient_error_is_not_damage(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive = three(index)
    file = (index / SUGGESTIONS).stat().st_ino

    def failing(*_: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        raise error

    more = Article("more", "Ferry late", ("Ottoline left by ferry.",))
    with monkeypatch.context() as patched:
        patched.setattr(PhraseExtractor, "of", failing)
        write(index, more)
    assert counted(index) == recounted(alive)
    write(index)
    assert counted(index) == recounted({**alive, "more": more})
    assert (index / SUGGESTIONS).stat().st_ino == file


def test_failed_creation_is_retried_only_by_a_new_writer(tmp_path: Path) -> None:
    Catalog.create(tmp_path / CATALOG)
    path = tmp_path / SUGGESTIONS
    with closing(CatalogWriter.open(tmp_path / CATALOG, writing=True)) as catalog:
        catalog.write([in_rows(Article("a", "Ferry", ("Bread",)))], [], 0, 0)
        with closing(sqlite3.connect(tmp_path / CATALOG, isolation_level=None)) as disk:
            disk.execute("UPDATE commits SET living = 2")
            writer = SuggestionsWriter(path, catalog, Analyzers("en"))
            writer.catch_up(1)
            assert not path.exists()
            disk.execute("UPDATE commits SET living = 1")
        writer.catch_up(1)
        writer.close()
        assert not path.exists()
        writer = SuggestionsWriter(path, catalog, Analyzers("en"))
        writer.catch_up(1)
        writer.close()
        assert path.exists()


def test_deleted_text_is_overwritten_without_secure_delete_in_sqlite(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def built_without_secure_delete(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.execute("PRAGMA secure_delete = OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", built_without_secure_delete)
    three(index)
    write(index, Article("secret", "On Ottoline Verhaeghe", ("Ottoline Verhaeghe.",)))
    assert b"verhaeghe" in (index / SUGGESTIONS).read_bytes().lower()
    write(index, delete=("secret",))
    assert b"verhaeghe" not in (index / SUGGESTIONS).read_bytes().lower()


def of_words(folder: Path, words: Iterable[str]) -> Suggestions:
    """Write and open suggestions that contain only words, each in 1 article."""
    path = folder / SUGGESTIONS
    Catalog.create(folder / CATALOG)
    with (
        closing(Catalog.open(folder / CATALOG)) as catalog,
        closing(derive(catalog, Analyzers("en"), 0)) as empty,
        closing(sqlite3.connect(path)) as connection,
    ):
        empty.backup(connection)
        rows = [
            (word, word, 0, 1, magnitude_of(1), counted_checksum(word, word, 1)) for word in words
        ]
        connection.executemany("INSERT INTO terms VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    return Suggestions(path, 0)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.sets(st.text("abcd", min_size=3, max_size=7), min_size=1),
    word=st.text("abcd", min_size=4, max_size=6),
)
def test_similar_words_are_those_within_the_edit_distance(
    words: set[str], word: str, tmp_path: Path
) -> None:
    with closing(of_words(Path(tempfile.mkdtemp(dir=tmp_path)), words)) as suggestions:
        apart = {other: OSA.distance(word, other) for other in words - {word}}
        like = {one.text: count for count, one in suggestions.words_like(word, 2)}
        assert like == {
            other: count
            for other, count in apart.items()
            if count == 1 or (count == 2 and other[:2] == word[:2])
        }


def test_search_for_similar_words_is_faster_than_fetching_all_words(tmp_path: Path) -> None:
    letters = "abcdefghijklmnopqrst"
    words = [f"sb{a}{b}{c}" for a in letters for b in letters for c in letters]
    with closing(of_words(tmp_path, words)) as suggestions:
        assert len(suggestions.words_like("sbbbx", 1)) == 20
        fetching = work_of(lambda: suggestions.words("sb", len(words)))
        looking = work_of(lambda: suggestions.words_like("sbcccx", 2))
    assert looking < fetching / 3


def test_unreadable_article_can_be_deleted(index: Path) -> None:
    alive = three(index)
    with closing(sqlite3.connect(index / "catalog.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE paragraphs SET text = x'00' WHERE row = 0")
    write(index, delete=("a0",))
    del alive["a0"]
    assert counted(index) == recounted(alive)
    write(index, delete=("a1",))
    del alive["a1"]
    assert counted(index) == recounted(alive)


def test_suggestions_are_a_part_of_the_index_and_leave_no_log(index: Path) -> None:
    three(index)
    assert (index / SUGGESTIONS).exists()
    assert {SUGGESTIONS, f"{SUGGESTIONS}-wal", f"{SUGGESTIONS}-shm"} <= set(PARTS)
    assert not (index / f"{SUGGESTIONS}-wal").exists()


def test_suggestions_open_without_write_access(index: Path) -> None:
    three(index)
    path = index / SUGGESTIONS
    path.chmod(0o444)
    index.chmod(0o555)
    try:
        with closing(Suggestions(path, 1)) as suggestions:
            assert suggestions.words("ferry", 9)
    finally:
        index.chmod(0o755)
