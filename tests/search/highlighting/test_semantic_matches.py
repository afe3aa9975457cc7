"""Near words: questions to the sample articles, and words that are never marked."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.analysis.analyzer import Analyzer
from nutgraf.index.analysis.folding import plain_form
from nutgraf.index.analysis.stopwords import has_meaning
from nutgraf.index.reader.snapshot import IndexSnapshot
from nutgraf.search import Hit, Searcher
from nutgraf.search.highlighting.keyword_matches import find_matches, match_texts
from nutgraf.search.highlighting.semantic_matches import MAX_SHARE, MIN_COSINE, find_near_words
from nutgraf.search.query.builder import parse_question
from nutgraf.search.query.question import Question
from tests.work import work_of

JUDGED = Path(__file__).parents[3] / "seeds" / "judged.jsonl"
LINES = JUDGED.read_text(encoding="utf-8").splitlines()
QUESTIONS = [json.loads(line)["question"] for line in LINES]
ANALYZER = Analyzer("en")

FILLER = "The council met in the town hall and spoke of other matters at some length. "

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def searcher(seeds_index: Path) -> Iterator[Searcher]:
    with Searcher(seeds_index, trust=True) as opened:
        yield opened


def marked(hit: Hit, kind: str = "semantic") -> list[str]:
    text = hit.snippet.text
    return [text[one.start : one.end] for one in hit.snippet.highlights if one.kind == kind]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (
            "How many infants were delivered en route because the nearest maternity ward was too "
            "distant?",
            {"babies"},
        ),
        (
            "How did the swindler choose which clients received authentic drink rather than "
            "counterfeits?",
            {"customers", "genuine", "wine", "sent"},
        ),
        (
            "Which locations remain illuminated until dawn although a seaside resort is dimming "
            "its roads to cut costs?",
            {"places", "stay", "lit", "Street"},
        ),
        (
            "Did anyone perish by burning charcoal in a living room during the power cut?",
            {"electricity", "carbon", "indoors"},
        ),
        ("Could an old legal clause protect vendors against dearer pitches?", {"Lawyers"}),
        ("why did the creamery go under", {"gone"}),
    ],
)
def test_words_near_in_meaning_are_marked(
    searcher: Searcher, question: str, words: set[str]
) -> None:
    hits = searcher.search(question, mode="semantic", limit=5).hits
    assert any(words <= set(marked(hit)) for hit in hits), [marked(hit) for hit in hits]


def plain_near_words(
    index: IndexSnapshot, question: Question, text: str, analyzer: Analyzer
) -> list[tuple[str, str]]:
    """Compare each word of a text with each word of the question that the text lacks."""
    found = find_matches(text, question, analyzer)
    matched = {match.start for match in found}
    lacking = set(question.forms("en").values()) - {match.term for match in found}
    asked = {}
    for token in question.analyzer.tokens(question.text):
        word = plain_form(question.text[token.start : token.end])
        (statistics,) = index.term_statistics([token.terms[0]]).values()
        rare = statistics.frequency <= MAX_SHARE * index.paragraph_count
        if token.terms[0] in lacking and rare and has_meaning(word, analyzer.is_stop):
            asked.setdefault(token.terms[0], word)
    near = []
    for _, start, end in analyzer.tokens(text):
        word = text[start:end]
        both = [*asked.values(), plain_form(word)]
        *vectors, own = index.word_vectors(both)
        cosines = [
            (0.0 if word[0].isupper() and one[0].isupper() else float(vector @ own), term)
            for (term, one), vector in zip(asked.items(), vectors, strict=True)
        ]
        cosine, term = max(cosines, default=(0.0, ""))
        if cosine >= MIN_COSINE and start not in matched and has_meaning(word, analyzer.is_stop):
            near.append((word, term))
    return near


def test_near_words_are_those_of_each_pair_of_words(seeds_index: Path) -> None:
    with IndexSnapshot.open(seeds_index) as index:
        analyzer = index.analyzer("en")
        for asked in QUESTIONS[:12]:
            question = parse_question(asked, index.question_analyzer(), index=index)
            rows = index.vectors.rank(index.encode(asked), 3, None).rows.tolist()
            texts = [paragraph.text for _, paragraph in index.paragraphs(rows).values()]
            page = match_texts(question, [(text, analyzer) for text in texts])
            for text, words in zip(texts, find_near_words(index, question, page), strict=True):
                found = [(text[one.start : one.end], one.term) for one in words]
                assert found == plain_near_words(index, question, text, analyzer)


def test_few_words_are_marked_and_only_if_a_word_is_missing(searcher: Searcher) -> None:
    hits = 0
    near = 0
    for question in QUESTIONS:
        for mode in ("semantic", "hybrid"):
            for hit in searcher.search(question, mode=mode, limit=5).hits:
                words = marked(hit)
                assert len(words) <= 4
                assert not any(ANALYZER.is_stop(word) for word in words), words
                assert not any(sign.isnumeric() for word in words for sign in word), words
                # A keyword match excludes a semantic match at the same word.
                terms = {term for word in words for term in ANALYZER.terms(word)}
                assert terms.isdisjoint(ANALYZER.terms(question))
                hits += 1
                near += len(words)
    assert 0.2 < near / hits < 1.5


def test_highlights_are_in_order_without_overlaps_and_html_is_escaped(searcher: Searcher) -> None:
    kinds = set()
    for question in QUESTIONS:
        for hit in searcher.search(question, limit=3).hits:
            snippet = hit.snippet
            ends = [0, *(one.end for one in snippet.highlights)]
            assert all(
                end <= one.start < one.end
                for end, one in zip(ends, snippet.highlights, strict=False)
            )
            bare = snippet.html
            for sign in ("<mark>", '<mark class="semantic">', "</mark>"):
                bare = bare.replace(sign, "")
            assert bare == html.escape(snippet.text)
            kinds.update(one.kind for one in snippet.highlights)
    assert kinds == {"keyword", "semantic"}


def first_hit(index: Path, question: str, mode: str = "semantic") -> Hit:
    with Searcher(index) as searcher:
        return searcher.search(question, mode=mode, limit=1).hits[0]


@pytest.fixture
def make(tmp_path: Path, encoder_folder: Path) -> Make:
    def make(*paragraphs: str, encoder: Path = encoder_folder) -> Path:
        index = tmp_path / f"{len(list(tmp_path.iterdir()))}.index"
        create_index(index, model=str(encoder))
        with IndexWriter(index) as writer:
            writer.put(Article("news", "News", paragraphs))
        return index

    return make


def test_nearest_sentence_is_shown_if_no_word_matches(make: Make) -> None:
    hit = first_hit(make(FILLER * 6 + "Eleven infants came early. " + FILLER * 6), "babies")
    assert marked(hit) == ["infants"]
    assert hit.snippet.text.startswith("…")
    assert '<mark class="semantic">infants</mark>' in hit.snippet.html


def test_matching_word_counts_more_than_near_word(make: Make) -> None:
    index = make("Its roads were flooded. " + FILLER * 6 + "The lorries stood still for a week.")
    hit = first_hit(index, "street lorries")
    assert marked(hit, "keyword") == ["lorries"]
    assert marked(hit) == []  # "roads" is outside the snippet


def test_word_in_paragraph_gets_no_near_word(make: Make) -> None:
    hit = first_hit(make("The babies slept; the infants of the other ward did not."), "babies")
    assert (marked(hit, "keyword"), marked(hit)) == (["babies"], [])


def test_keyword_mode_marks_no_near_words(make: Make) -> None:
    index = make("Eleven infants, and one lorry.")
    assert marked(first_hit(index, "babies lorry", "keyword")) == []
    assert marked(first_hit(index, "babies lorry", "hybrid")) == ["infants"]


def test_name_is_not_marked_as_near_to_another_name(make: Make) -> None:
    index = make("James left for France, and his daughter stayed.")
    assert marked(first_hit(index, "Did David go to Germany with the son?")) == ["daughter"]


@pytest.mark.parametrize(
    ("other", "words"), [("A ferry is late.", ["infants"]), ("Babies on a ferry.", [])]
)
def test_common_word_gets_no_near_word(make: Make, other: str, words: list[str]) -> None:
    index = make("Eleven infants.", *["The harbour was calm.", other] * 6, "Two babies.")
    with Searcher(index) as searcher:
        hits = searcher.search("babies", mode="semantic", limit=20).hits
    assert [marked(hit) for hit in hits if hit.paragraph.position == 0] == [words]


def test_sign_of_several_words_is_marked_once(make: Make) -> None:
    hit = first_hit(make("x℀y infants ½ ﷺ ㍿"), "babies xa cy 1 2")
    highlights = hit.snippet.highlights
    assert all(one.end <= two.start for one, two in pairwise(highlights))
    assert marked(hit) == ["infants"]


def test_encoder_without_word_vectors_marks_only_matches(
    make: Make, encoder_without_words: Path
) -> None:
    hit = first_hit(
        make("Eleven infants, one lorry.", encoder=encoder_without_words), "babies lorry"
    )
    assert (marked(hit, "keyword"), marked(hit)) == (["lorry"], [])


def test_work_for_long_page_grows_with_its_length(make: Make) -> None:
    def work(many: int) -> int:
        words = " ".join(f"word{number}" for number in range(many))
        index = make(words, "infants " * many, "Infants. " * many)
        question = "babies " + " ".join(ANALYZER.terms(words[:1_500]))
        with Searcher(index) as searcher:
            searcher.warm()
            assert len(searcher.search(question, mode="semantic").hits) == 3
            return work_of(lambda: searcher.search(question, mode="semantic"))

    assert work(2_000) < 2.5 * work(1_000)
