"""Judged questions, read from a JSONL file.

The judgements are in the same file, or in a TSV file.
"""

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

__all__ = ["MAX_GRADE", "WHOLE_ARTICLE", "JudgedQuestion", "read_judged", "split_id"]

WHOLE_ARTICLE: Final = -1
"""Position that means the complete article: ARTICLE#-1."""

MAX_GRADE: Final = 100
"""Highest grade. trec_eval allocates memory for each grade up to the highest."""

COLUMNS: Final = ("question", "article", "paragraph", "relevance")

POSITION: Final = re.compile(r"-1|0|[1-9][0-9]{0,8}")

GRADE: Final = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class JudgedQuestion:
    """A question, with grades of the paragraphs that were judged for it.

    `relevant` maps ARTICLE#POSITION to a grade from 0 (not relevant) to MAX_GRADE. A paragraph that
    is not in `relevant` is not relevant. ARTICLE#-1 means the complete article.
    """

    id: str
    text: str
    relevant: Mapping[str, int]

    @property
    def wanted(self) -> dict[str, int]:
        """The relevant paragraphs and articles: the ids with a grade above 0."""
        return {name: grade for name, grade in self.relevant.items() if grade > 0}


def read_judged(path: str | Path, qrels: str | Path | None = None) -> list[JudgedQuestion]:
    """Read judged questions in the order of the file.

    Each line of the file at `path` is a JSON object. It contains "id", the question as "question"
    or "text", and "relevant", such as {"ARTICLE#POSITION": grade}.

    If `qrels` is given, "relevant" must be absent. The judgements are then read from `qrels`, a TSV
    file with the columns question, article, paragraph and relevance. A paragraph is a position from
    0, or -1 for the complete article. Judgements of other questions are ignored.

    Raises InputError if a line is not valid. The error names the file, the line and the field.
    """
    path = Path(path)
    judgements = None if qrels is None else _read_qrels(Path(qrels))
    found: dict[str, JudgedQuestion] = {}
    for number, line in _lines(path, "check the path"):
        try:
            question = _question(parse_line(line), judgements)
            if question.id in found:
                raise InputError(f"'id' is {question.id!r}, the id of an earlier question")
        except InputError as error:
            raise InputError(f"{path}:{number}: {error}") from None
        found[question.id] = question
    if not found:
        raise InputError(f"{path}: the file is empty; write one judged question a line")
    return list(found.values())


def split_id(name: str) -> tuple[str, int]:
    """Return the article id and the position in ARTICLE#POSITION.

    Raises InputError if `name` does not have this form.
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
        raise InputError("'id' is missing, empty, or not a text or integer")
    text = _text(fields)
    given = fields.get("relevant")
    if judgements is None:
        return JudgedQuestion(name, text, _relevant(given))
    if given is not None:
        raise InputError(
            "the judgements are in 'relevant' and in a file of judgements (--qrels); remove one"
        )
    return JudgedQuestion(name, text, judgements.get(name, {}))


def _text(fields: dict[str, Any]) -> str:
    given = [key for key in ("question", "text") if fields.get(key) is not None]
    if len(given) != 1:
        raise InputError("exactly one of 'question' and 'text' is required")
    text = fields[given[0]]
    try:
        request = SearchRequest(text)
    except RequestError as error:
        raise InputError(f"'{given[0]}' {error.reason}") from None
    if request.is_empty:
        raise InputError(f"'{given[0]}' is empty; give a question")
    return request.q


def _relevant(given: object) -> dict[str, int]:
    if not isinstance(given, dict):
        raise InputError(
            "'relevant' is missing or not of the form {\"ARTICLE#POSITION\": grade}; "
            "if the judgements are in a separate file, name it with --qrels"
        )
    for name, grade in given.items():
        split_id(name)
        if not isinstance(grade, int) or isinstance(grade, bool) or not 0 <= grade <= MAX_GRADE:
            raise InputError(
                f"'relevant' gives {name[:80]!r} the grade {grade!r}; it must be an integer "
                f"from 0 to {MAX_GRADE}"
            )
    return given


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, line in _lines(path, "check the path of --qrels"):
        try:
            question, name, grade = _judgement(line)
            if found.setdefault(question, {}).setdefault(name, grade) != grade:
                raise InputError(f"'relevance' of {name!r} differs from that on an earlier line")
        except InputError as error:
            raise InputError(f"{path}:{number}: {error}") from None
    return found


def _judgement(line: bytes) -> tuple[str, str, int]:
    try:
        values = line.decode("utf-8").rstrip("\r\n").split("\t")
    except UnicodeDecodeError as error:
        raise InputError(f"the line is not UTF-8 at byte {error.start}") from None
    if len(values) != len(COLUMNS):
        fields = "field" if len(values) == 1 else "fields"
        raise InputError(
            f"the line has {len(values)} {fields} between tabs; it must have {len(COLUMNS)}: "
            + ", ".join(COLUMNS)
        )
    question, article, position, grade = values
    for column, value in (("question", question), ("article", article)):
        if not value:
            raise InputError(f"'{column}' is empty; give the id")
    if not POSITION.fullmatch(position):
        raise InputError(
            f"'paragraph' is {position[:40]!r}; it must be a number from 0, or {WHOLE_ARTICLE} "
            "for the complete article"
        )
    if not GRADE.fullmatch(grade) or int(grade) > MAX_GRADE:
        raise InputError(
            f"'relevance' is {grade[:40]!r}; it must be an integer from 0 to {MAX_GRADE}"
        )
    return question, paragraph_id(article, int(position)), int(grade)


def _lines(path: Path, advice: str) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file that are not blank, with their numbers.

    Raises InputError with `advice` if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; {advice}") from None
