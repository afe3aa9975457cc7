"""Judged questions, from JSONL and, where the judgements stand apart, a TSV of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nutgraf.index.article import paragraph_id
from nutgraf.index.errors import InputError
from nutgraf.index.json_lines import parse_line
from nutgraf.search.errors import RequestError
from nutgraf.search.request.search_request import SearchRequest

__all__ = ["MAX_GRADE", "WHOLE", "JudgedQuestion", "read_judged", "split_id"]

WHOLE: Final = -1
"""The position that stands for the whole article: ARTICLE#-1."""

MAX_GRADE: Final = 100
"""Far above any scale in use; trec_eval reserves room for each grade up to the highest."""

COLUMNS: Final = ("question", "article", "paragraph", "relevance")

POSITION: Final = re.compile(r"-1|0|[1-9][0-9]{0,8}")

GRADE: Final = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question, and how relevant paragraphs are to it.

    `relevant` maps ARTICLE#POSITION to a grade from 0 (not relevant, as is
    all that is not listed) to MAX_GRADE; ARTICLE#-1 stands for a whole article.
    """

    id: str
    text: str
    relevant: Mapping[str, int]

    @property
    def wanted(self) -> dict[str, int]:
        """What is to be found: the judgements above 0."""
        return {name: grade for name, grade in self.relevant.items() if grade > 0}


def read_judged(path: str | Path, qrels: str | Path | None = None) -> list[JudgedQuestion]:
    """Read judged questions in their order.

    A line of JSONL holds "id", the question as "question" or "text", and
    "relevant": {"ARTICLE#POSITION": grade}. With `qrels`, a TSV of question,
    article, paragraph (from 0; -1 for the whole article) and relevance, the
    judgements come from there; those of other questions are passed over.

    Raises InputError naming file, line and field.
    """
    path = Path(path)
    judgements = None if qrels is None else _read_qrels(Path(qrels))
    found: dict[str, JudgedQuestion] = {}
    for number, line in _lines(path):
        try:
            question = _question(parse_line(line), judgements)
            if question.id in found:
                raise InputError(f"'id' is {question.id!r}, as of a question before")
        except InputError as error:
            raise InputError(f"{path}:{number}: {error}") from None
        found[question.id] = question
    if not found:
        raise InputError(f"{path}: the file is empty; a judged question a line is needed")
    return list(found.values())


def split_id(name: str) -> tuple[str, int]:
    """Return the article and the position that ARTICLE#POSITION names.

    Raises InputError where it names none.
    """
    article, sign, position = name.rpartition("#")
    if not article or not sign or not POSITION.fullmatch(position):
        raise InputError(f"'relevant' names {name[:80]!r}; write it as ARTICLE#POSITION")
    return article, int(position)


def _question(
    fields: dict[str, Any], judgements: Mapping[str, Mapping[str, int]] | None
) -> JudgedQuestion:
    name = fields.get("id")
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str) or not name:
        raise InputError("there is no 'id' of a text or a number")
    text = _text(fields)
    given = fields.get("relevant")
    if judgements is None:
        return JudgedQuestion(name, text, _relevant(given))
    if given is not None:
        raise InputError(
            "there is a 'relevant', and a file of judgements (qrels) as well: give one"
        )
    return JudgedQuestion(name, text, judgements.get(name, {}))


def _text(fields: dict[str, Any]) -> str:
    given = [key for key in ("question", "text") if fields.get(key) is not None]
    if len(given) != 1:
        raise InputError("there is one 'question' needed, or one 'text'")
    text = fields[given[0]]
    try:
        return SearchRequest(text).q
    except RequestError as error:
        raise InputError(f"'{given[0]}' {error.reason}") from None


def _relevant(given: object) -> dict[str, int]:
    if not isinstance(given, dict):
        raise InputError(
            "there is no 'relevant' of the form {\"ARTICLE#POSITION\": grade}; "
            "or are the judgements in a file of their own (qrels)?"
        )
    for name, grade in given.items():
        split_id(name)
        if not isinstance(grade, int) or isinstance(grade, bool) or not 0 <= grade <= MAX_GRADE:
            raise InputError(f"'relevant' gives {name[:80]!r} {grade!r}; take 0 to {MAX_GRADE}")
    return given


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        try:
            question, name, grade = _judgement(line)
            if found.setdefault(question, {}).setdefault(name, grade) != grade:
                raise InputError(f"'relevance' of {name!r} is another than on a line before")
        except InputError as error:
            raise InputError(f"{path}:{number}: {error}") from None
    return found


def _judgement(line: bytes) -> tuple[str, str, int]:
    try:
        values = line.decode("utf-8").rstrip("\r\n").split("\t")
    except UnicodeDecodeError as error:
        raise InputError(f"this is not UTF-8 at byte {error.start}") from None
    if len(values) != len(COLUMNS):
        raise InputError(
            f"there are {len(values)} fields between tabs; there must be {len(COLUMNS)}: "
            + ", ".join(COLUMNS)
        )
    question, article, position, grade = values
    for column, value in (("question", question), ("article", article)):
        if not value:
            raise InputError(f"'{column}' is empty")
    if not POSITION.fullmatch(position):
        raise InputError(
            f"'paragraph' is {position[:40]!r}; it counts from 0, or is {WHOLE} for the article"
        )
    if not GRADE.fullmatch(grade) or int(grade) > MAX_GRADE:
        raise InputError(f"'relevance' is {grade[:40]!r}; take 0 to {MAX_GRADE}")
    return question, paragraph_id(article, int(position)), int(grade)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the numbered lines of a file that are not blank."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
