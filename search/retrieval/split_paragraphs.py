"""Conditions of a question for complete paragraphs, if rows are parts of them.

A long paragraph is divided into parts, and each part is a row. A part is ranked by its own words. A
hit shows the complete paragraph, so the complete paragraph must contain the required words and none
of the excluded words.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from nutgraf.index.query import query
from nutgraf.index.reader.protocol import IndexReader
from nutgraf.index.schema import TEXT, WHOLE_PARAGRAPH
from nutgraf.search.query.question import Question

__all__ = ["paragraph_constraint", "paragraph_keywords"]


def paragraph_constraint(index: IndexReader, constraint: Any | None) -> Any | None:
    """Return a question's constraint, applied to the paragraph of each row."""
    if constraint is None or not index.has_split_paragraphs:
        return constraint
    return _of_paragraph(constraint)


def paragraph_keywords(index: IndexReader, question: Question) -> query.Query:
    """Return the query of the keyword ranking.

    A required phrase can begin in one part and end in the next, so that no part contains the
    phrase. So the ranking includes parts that contain only single words of the question.
    The scores of all other rows do not change.
    """
    keywords: query.Query = question.keywords
    demanded = question.constraint is not None and (question.phrases or question.patterns)
    if not demanded or not index.has_split_paragraphs:
        return keywords
    foreign = {term for term, _ in question.foreign}
    terms = dict.fromkeys(term for reading in question.readings for term in reading)
    words = query.Or([query.Term(TEXT, term) for term in terms if term not in foreign])
    is_part = query.ConstantScoreQuery(query.Every(WHOLE_PARAGRAPH), 0.0)
    return query.Or([keywords, query.AndNot(query.And([words, is_part]), keywords)])


def _of_paragraph(tree: Any) -> Any:
    """Return the tree; its text conditions are met by the row or its full paragraph."""
    if isinstance(tree, query.Not):
        return query.Not(_of_paragraph(tree.query))
    if isinstance(tree, query.And | query.Or):
        return type(tree)([_of_paragraph(part) for part in tree.subqueries])
    if getattr(tree, "fieldname", None) != TEXT:
        return tree
    whole = copy(tree)
    whole.fieldname = WHOLE_PARAGRAPH
    return query.Or([tree, whole])
