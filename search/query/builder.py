"""The builder of a Question: text to encode, terms to rank by, and the constraint.

The constraint is the condition that every hit must meet. Plain words never exclude or require
anything: only operators make a constraint. syntax/ decides which signs are operators. All other
signs are searched as words, with a warning. Words and phrases without a field can be in the text,
in the title or in the summary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from nutgraf.index.analysis.multilingual import MultilingualAnalyzer
from nutgraf.index.fields.declared import DeclaredKind
from nutgraf.index.query import query as wq
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.query.clauses.tree_reader import TreeReader, plain_words
from nutgraf.search.query.clauses.values import ValueReader
from nutgraf.search.query.keywords import keyword_query, question_words
from nutgraf.search.query.language_weights import unknown_terms
from nutgraf.search.query.question import Question
from nutgraf.search.query.syntax.nodes import Leaf, Node, Warn
from nutgraf.search.query.syntax.parser import parse
from nutgraf.search.request.dates import utc
from nutgraf.search.request.search_request import SearchRequest

__all__ = ["parse_question", "read_question"]


def read_question(
    index: IndexReader, request: SearchRequest, now: datetime | None = None
) -> Question:
    """Parse the question of a request; `now` is the time for dates such as yesterday.

    An empty question has no words and no conditions.

    The languages are those of the language filter of the request. Without this filter, they are
    all languages of the index.

    Raises BrokenIndexError if the languages of the index cannot be read.
    """
    analyzer = index.question_analyzer(request.filters.language)
    if request.is_empty:
        return Question("", wq.Every(), None, (), (), (), (), analyzer)
    return parse_question(request.q, analyzer, now=now, declared=index.declared, index=index)


def parse_question(
    question: str,
    analyzer: MultilingualAnalyzer,
    *,
    now: datetime | None = None,
    declared: Mapping[str, DeclaredKind] = MappingProxyType({}),
    index: IndexReader | None = None,
) -> Question:
    """Parse a question. No text raises an error.

    The languages are those of `analyzer`. If the question requires some of them (`language:de`),
    only these are used. `now` is the time for dates such as `published:yesterday`, by default the
    current time. Days begin and end in UTC. A time without a zone is in UTC. `declared` are the
    names and kinds of the declared fields of the index. Without `index`, each term counts as known,
    and as equally common in all languages.
    """
    warnings: dict[str, None] = {}
    warn = _once(warnings)
    moment = utc(now or datetime.now(UTC))
    tree = parse(question, warn, declared)
    analyzer = analyzer.restricted_to(_languages(tree)).for_question(question)
    values = ValueReader(analyzer, moment, warn, declared)
    reader = TreeReader(analyzer, warn, values)
    constraint = reader.read(tree).insists
    if not reader.scored and constraint is None:
        # The question has no word beside its signs: read all its letters as plain words.
        reader = TreeReader(analyzer, warn, values)
        reader.read(plain_words(question[:_MAX_LEFT]))
    if not reader.scored and constraint is None:
        warn("the question contains no searchable word")
        return Question("", wq.NullQuery, None, (), (), (), tuple(warnings), analyzer)
    found = list(reader.terms.values())
    unknown = unknown_terms(index, analyzer, [word.terms for word in found])
    keywords, factors = keyword_query(list(reader.scored.values()), unknown, analyzer, index)
    return Question(
        text=" ".join(reader.words),
        keywords=keywords,
        constraint=constraint,
        words=tuple(question_words(found, factors, analyzer.every)),
        phrases=tuple(reader.phrases),
        patterns=tuple(reader.patterns),
        warnings=tuple(warnings),
        analyzer=analyzer,
        confined=reader.confined,
        unknown=unknown,
        values=tuple(values.found),
    )


def _languages(node: Node) -> Iterator[str]:
    """Yield the tags of the languages that a question requires."""
    if isinstance(node, Leaf):
        if node.field == "language" and node.kind in ("word", "phrase"):
            yield node.text.rstrip(",;!?")
    elif node.kind not in ("or", "excluded"):
        for member in node.members:
            yield from _languages(member)


_MAX_LEFT: Final = 1_024
"""Maximum number of characters that are read of a question with only signs."""


def _once(warnings: dict[str, None]) -> Warn:
    def warn(message: str) -> None:
        warnings.setdefault(message)

    return warn
