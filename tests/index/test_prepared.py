"""Prepared articles: the index is the same as without preparation, part by part."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from whoosh import query

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.index.analysis.analyzer import Analyzer, Analyzers
from nutgraf.index.analysis.boilerplate import is_boilerplate
from nutgraf.index.analysis.phrases import PhraseExtractor
from nutgraf.index.analysis.versions.identity import make_identities
from nutgraf.index.analysis.versions.minhash import make_sketches
from nutgraf.index.catalog.learned_boilerplate import MIN_SOURCE
from nutgraf.index.manifest import Manifest
from nutgraf.index.prepared import Prepared, PreparedTexts, Preparer
from nutgraf.index.sources import ReadOptions, find_files, read_found
from nutgraf.index.storage.layout import CATALOG, COLUMNS, SUGGESTIONS
from nutgraf.index.writing import rows

FERRY = "The ferry crews of Port Ellen went back to work on Monday after eleven days on strike."
FAEHRE = "Die Besatzungen der Fähren von Cuxhaven nahmen am Montag nach elf Tagen die Arbeit auf."
LONG = " ".join(
    f"On day {day} Jane Doe of the United Harbour Union spoke again." for day in range(90)
)
SIGN_UP = "Sign up to our newsletter for the best of the week."

ARTICLES = (
    Article("en", "Ferry crews end their strike", (FERRY, "He agreed.", FERRY), language="en-GB"),
    Article("de", "Fähren fahren wieder", (FAEHRE, "„Endlich“, sagte Jürgen Groß."), language="de"),
    Article("ja", "渡し船", ("渡し船の乗組員は仕事に戻った。",), language="ja", source="Port"),
    Article("long", "The strike day by day", (FERRY, LONG), language="en", source="Port"),
    Article("dull", "A week in the port", (SIGN_UP, FERRY + " So it was."), language="en"),
    Article("only", "Nothing but this", (SIGN_UP,), language="en", published="2023-01-04"),
    Article("unsaid", "Short", ("Ferry Endlich.",)),
    Article("odd", "Odd", ("The odd one.",), language="und"),
    *(
        Article(f"told-{at}", f"News of day {at}", (f"Day {at} was {at}.", "So says the Port."),
                language="en", source="Port")
        for at in range(MIN_SOURCE)
    ),
)  # fmt: skip


def new_index(path: Path, encoder: Path, **choices: object) -> Path:
    create_index(path, model=str(encoder), **choices)
    return path


def content(index: Path) -> dict[str, object]:
    """Return the complete content of an index, part by part, except times."""
    parts = Manifest.read(index).parts(index)
    held: dict[str, object] = {
        f"{COLUMNS}/{file.name}": file.read_bytes() for file in sorted((parts / COLUMNS).iterdir())
    }
    for name in (CATALOG, SUGGESTIONS):
        with closing(sqlite3.connect(parts / name)) as opened:
            tables = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                rows = opened.execute(f"SELECT * FROM {table}").fetchall()
                held[f"{name}: {table}"] = sorted(
                    row[:-1] if table == "commits" else row for row in rows
                )
    with IndexSnapshot.open(index) as snapshot:
        for term in ("ferri", "strike", "fähr", "fahr", "渡し", "doe", "port", "sign"):
            ranking = snapshot.keywords.rank(query.Term("text", term), 100)
            held[term] = ranking.rows.tolist(), ranking.scores.tolist()
    return held


@pytest.mark.parametrize("keep_boilerplate", [False, True])
def test_prepared_articles_give_the_same_index(tmp_path, tiny_encoder, keep_boilerplate):
    prepare = Preparer().prepare
    indexes = [
        new_index(tmp_path / name, tiny_encoder, keep_boilerplate=keep_boilerplate)
        for name in ("plain", "prepared")
    ]
    for index, put in zip(indexes, (lambda one: one, prepare), strict=True):
        for some in (ARTICLES[::2], ARTICLES[1::2], ARTICLES):  # The last run changes nothing.
            with IndexWriter(index) as opened:
                outcomes = [opened.put(put(one)) for one in some]
        assert set(outcomes) == {"unchanged"}
        with IndexWriter(index) as opened:
            changed = replace(ARTICLES[0], paragraphs=(FERRY, SIGN_UP))
            assert opened.put(put(replace(changed, title="Dropped"))) == "updated"
            assert opened.put(put(changed)) == "updated"
            assert opened.delete("de")
    plain, prepared = map(content, indexes)
    assert prepared == plain
    assert plain["strike"][0]
    assert len(plain["catalog.sqlite: learned"]) == (not keep_boilerplate)


def test_prepared_results_are_used(tmp_path, tiny_encoder, monkeypatch):
    index = new_index(tmp_path / "x.index", tiny_encoder)
    prepared = Preparer().prepare(ARTICLES[0])
    monkeypatch.setattr(PhraseExtractor, "of", None)
    monkeypatch.setattr(rows, "is_boilerplate", None)
    monkeypatch.setattr(Article, "digest", None)
    monkeypatch.setattr(Analyzer, "terms", None)
    with IndexWriter(index) as opened:
        assert opened.put(prepared) == "created"
        assert opened.put(prepared) == "unchanged"


def test_articles_without_a_known_language_are_not_prepared():
    prepare = Preparer().prepare
    assert isinstance(prepare(ARTICLES[0]), Prepared)
    assert prepare(replace(ARTICLES[0], language=None)) == replace(ARTICLES[0], language=None)
    assert prepare(replace(ARTICLES[0], language="und")) == replace(ARTICLES[0], language="und")


def test_similar_articles_do_not_share_phrases():
    prepared = Preparer().prepare(ARTICLES[0])
    known = PreparedTexts([prepared])
    assert known.phrases(prepared.digest, prepared.texts)
    assert not known.phrases(prepared.digest, prepared.texts[:-1])
    assert not known.phrases(replace(ARTICLES[0], language="de").digest(), prepared.texts)


def known_texts(article):
    return (article.title, article.summary or "", *article.paragraphs)


texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1)
paragraphs = st.one_of(texts, st.sampled_from([FERRY, FAEHRE, LONG, SIGN_UP])).filter(str.strip)


@settings(max_examples=40)
@given(
    paragraphs, st.lists(paragraphs, min_size=1, max_size=4), st.sampled_from(["en", "de", "zh"])
)
def test_prepared_results_equal_computed_results(title, some, language):
    article = Article("a", title[:80].strip() or "A", tuple(some), language=language)
    prepared = Preparer().prepare(article)
    known = PreparedTexts([prepared])
    whole = [text for text in some if not is_boilerplate(text)]
    phrases = PhraseExtractor(Analyzers("fr")).of(article.title, whole, language)
    assert prepared.digest == article.digest()
    assert set(known.phrases(article.digest(), whole)) == phrases
    terms = {
        text: " ".join(Analyzers("fr").of(language).terms(text)) for text in known_texts(article)
    }
    assert known.terms(article.digest()) == terms
    asked = ["Something else.", *some, LONG[:200]]
    assert (known.sketches(asked) == make_sketches(asked)).all()
    assert (known.identities(asked) == make_identities(asked)).all()


def test_worker_processes_prepare_articles(tmp_path, tiny_encoder):
    for at, article in enumerate(ARTICLES):
        (tmp_path / f"{at:02}.jsonl").write_text(json.dumps(asdict(article)), encoding="utf-8")
    files = list(find_files([str(tmp_path)]))
    plain, prepared = (
        list(read_found(files, int, ReadOptions(), 1, prepare=prepare)) for prepare in (False, True)
    )
    assert prepared == list(map(Preparer().prepare, plain))
    assert sum(isinstance(one, Prepared) for one in prepared) == len(ARTICLES) - 2
