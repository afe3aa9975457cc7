"""Count snippets that contain answers, and time semantic highlights, as Markdown.

    .venv/bin/python benchmarks/highlights.py NAME=INDEX,QUESTIONS,QRELS ...

Each line of QUESTIONS has `id`, `text` and `answers`; QRELS has the format of `nutgraf evaluate`.
A question is used if its relevant paragraph contains an answer and is longer than a snippet.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from nutgraf.index import IndexSnapshot
from nutgraf.search.highlighting.keyword_matches import MatchedText, match_texts
from nutgraf.search.highlighting.semantic_matches import find_near_words
from nutgraf.search.highlighting.snippets import SNIPPET_WIDTH, make_snippet
from nutgraf.search.query.builder import parse_question
from nutgraf.search.query.question import Question
from nutgraf.search.request.options import Highlight

QUESTIONS: Final = 800
HITS: Final = 10


class Case(NamedTuple):
    """A question, its answers, and a paragraph that contains one of them."""

    question: Question
    answers: Sequence[str]
    paragraph: MatchedText


def main(arguments: list[str]) -> None:
    """Print 2 rows per set: all questions, and those with few keyword matches."""
    if not arguments:
        sys.exit(__doc__)
    print(
        "| set | questions | first sentences | keywords | keywords, then meaning | for ten hits |"
    )
    print("|---|---|---|---|---|---|")
    for argument in arguments:
        name, _, places = argument.partition("=")
        index, questions, qrels = map(Path, places.split(","))
        with IndexSnapshot.open(index) as snapshot:
            snapshot.warm()
            cases = list(read_cases(snapshot, questions, qrels))
            print_row(name, snapshot, cases, milliseconds(snapshot, cases))
            print_row(f"{name}, little matched", snapshot, list(filter(is_poor, cases)), "")


def read_cases(snapshot: IndexSnapshot, questions: Path, qrels: Path) -> Iterator[Case]:
    """Yield the first cases of a set, at most QUESTIONS."""
    judged: dict[str, tuple[str, int]] = {}
    for line in qrels.open():
        question, article, position, relevance = line.rstrip("\n").split("\t")
        if int(relevance) > 0 <= int(position):
            judged.setdefault(question, (article, int(position)))
    left = QUESTIONS
    for line in questions.open():
        asked = json.loads(line)
        text = text_of(snapshot, *judged.get(asked["id"], ("", 0)))
        if left and len(text) > SNIPPET_WIDTH and holds(text, asked.get("answers", ())):
            left -= 1
            question = parse_question(asked["text"], snapshot.multilingual_analyzer)
            yield Case(question, asked["answers"], *matched(snapshot, question, [text]))


def text_of(snapshot: IndexSnapshot, article: str, position: int) -> str:
    record = snapshot.article(article)
    if record is None:
        return ""
    return "".join(row.text for row in snapshot.catalog.rows_at(record, position).values())


def matched(snapshot: IndexSnapshot, question: Question, texts: Iterable[str]) -> list[MatchedText]:
    return match_texts(question, [(text, snapshot.analyzer(None)) for text in texts])


def is_poor(case: Case) -> bool:
    """Return whether the paragraph contains at most half of the terms of the question."""
    matched = {match.term for match in case.paragraph.matches}
    return 2 * len(matched.intersection(case.question.terms)) <= len(case.question.terms)


def print_row(name: str, snapshot: IndexSnapshot, cases: Sequence[Case], took: str) -> None:
    shown = np.array([shows(snapshot, case) for case in cases])
    shares = " | ".join(f"{share:.3f}" for share in shown.mean(axis=0))
    print(f"| {name} | {len(cases)} | {shares} | {took} |", flush=True)


def shows(snapshot: IndexSnapshot, case: Case) -> list[bool]:
    """Return whether each of 3 snippets contains an answer.

    The first snippet is the start of the paragraph. The second is chosen by keywords, and the
    third by keywords and meaning.
    """
    text, matches = case.paragraph.text.text, case.paragraph.matches
    (near,) = find_near_words(snapshot, case.question, [case.paragraph])
    chosen = ([], ()), (matches, ()), (matches, near)
    return [
        holds(make_snippet(text, some, "en", Highlight(), others).text, case.answers)
        for some, others in chosen
    ]


def holds(text: str, answers: Sequence[str]) -> bool:
    return any(answer.lower() in text.lower() for answer in answers)


def milliseconds(snapshot: IndexSnapshot, cases: Sequence[Case]) -> str:
    """Return the time of find_near_words for the 10 nearest hits of 100 questions.

    Each question is asked once. The time is CPU time of this thread, because other programs may
    use the machine.
    """
    took = []
    for question, _, _ in cases[:: max(1, len(cases) // 100)]:
        nearest = snapshot.vectors.rank(snapshot.encoder.encode_question(question.text), HITS, None)
        found = snapshot.paragraphs(nearest.rows.tolist()).values()
        page = matched(snapshot, question, [paragraph.text for _, paragraph in found])
        started = time.thread_time()
        find_near_words(snapshot, question, page)
        took.append((time.thread_time() - started) * 1e3)
    return f"p50 {np.median(took):.1f} ms, p99 {np.percentile(took, 99):.1f} ms"


if __name__ == "__main__":
    main(sys.argv[1:])
