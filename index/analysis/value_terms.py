"""The terms of values, such as a source or an author, in the keyword index."""

from __future__ import annotations

from nutgraf.index.analysis.folding import fold
from nutgraf.index.analysis.tokenizer import written_words

__all__ = ["exact_term", "value_terms"]


def exact_term(value: str) -> str:
    """Return the term that finds exactly this value of a source, author, section ...

    The term begins with a space. No folded term begins with a space, so a folded term
    never equals the exact term of another value.
    """
    return " " + value


def value_terms(value: str) -> tuple[str, ...]:
    """Return the terms of a source, author, section, language or article id.

    The terms are the exact term of the value, the complete folded value with single
    spaces, and the folded words of the value. Each term occurs once.
    """
    words = map(fold, written_words(value))
    whole = " ".join(fold(value).split())
    return tuple(dict.fromkeys(term for term in (exact_term(value), whole, *words) if term))
