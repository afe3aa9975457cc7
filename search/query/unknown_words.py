"""The words of a question that the index does not contain."""

from __future__ import annotations

from nutgraf.index.reader.protocol import IndexReader
from nutgraf.search.query.question import Question

__all__ = ["unknown_words"]


def unknown_words(index: IndexReader, question: Question) -> tuple[str, ...]:
    """Return the unknown words of a question as typed, in their order, each once.

    A word is unknown if no text and no title of the index contains one of its terms, in any
    language. Stop words, excluded words, patterns and the values of fields are never unknown. The
    words of a date or a name that was understood are not either: they are values of articles. The
    statistics are those that the retrieval needs, so a reader has them in its cache.
    """
    if not any(question.written):
        return ()
    statistics = index.term_statistics(list(dict.fromkeys(question.all_terms)))
    analyzer = question.analyzer
    understood = {
        analyzer.fold(each.text[token.start : token.end])
        for each in question.understood
        for token in analyzer.tokens(each.text)
    }
    foreign = {term for term, _ in question.foreign}
    words = zip(question.written, zip(*question.readings, strict=True), strict=True)
    unknown = [
        word
        for word, terms in words
        if word
        and not any(statistics[term].known for term in {*terms} - foreign or terms)
        and not analyzer.is_stop(word)
        and analyzer.fold(word) not in understood
    ]
    return tuple(dict.fromkeys(unknown))
