"""Prepared articles: articles with results that depend only on their texts.

The processes that read files (sources/workers.py) compute these results with
the functions of the writer, so the writer has less to do. The writer uses a
result only if all the inputs of its computation are the same. The writer
computes missing results itself, for example the sketches of the parts of a long
paragraph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.analysis.boilerplate import is_boilerplate
from nutgraf.index.analysis.languages import analysed_as
from nutgraf.index.analysis.phrases import PhraseExtractor
from nutgraf.index.analysis.versions.identity import IDENTITY, make_identities
from nutgraf.index.analysis.versions.minhash import SKETCH, make_sketches
from nutgraf.index.article import Article

_MAX_CACHED: Final = 1 << 18
"""The highest number of words in the cache of a language.

A process that reads an archive meets 100,000 words in its first 50,000 paragraphs.
"""

__all__ = ["NOTHING_PREPARED", "Prepared", "PreparedTexts", "Preparer", "article_in"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article with a known language, and the results that `Preparer` computed.

    `digest` is the digest of the article. `boilerplate` contains the paragraphs
    that look like boilerplate. `sketches` and `identities` contain the sketches and
    identities of all paragraphs, in order. `phrases` contains the words and phrases of the title
    and of the paragraphs that are not boilerplate, one per line. `terms` contains a line for each
    text of `analysed`: its terms for the keyword index, joined with spaces.
    """

    article: Article
    digest: bytes
    boilerplate: tuple[str, ...]
    sketches: bytes
    identities: bytes
    phrases: str
    terms: str

    @property
    def analysed(self) -> tuple[str, ...]:
        """The texts that are analysed for the keyword index."""
        return _analysed(self.article)

    @property
    def texts(self) -> list[str]:
        """The paragraphs that do not look like boilerplate."""
        return _without(self.article.paragraphs, self.boilerplate)


class Preparer:
    """A converter of articles to prepared articles. A `Preparer` is not thread-safe."""

    def __init__(self) -> None:
        # The default language is never used: articles without a language are not prepared.
        self._analyzers = Analyzers("", cache_size=_MAX_CACHED)
        self._phrases = PhraseExtractor(self._analyzers)

    def prepare(self, article: Article) -> Prepared | Article:
        """Return the prepared article, or `article` itself if its language is unknown.

        The writer chooses the language of such an article.
        """
        if analysed_as(article.language) is None:
            return article
        boilerplate = tuple(filter(is_boilerplate, article.paragraphs))
        texts = _without(article.paragraphs, boilerplate)
        words = self._phrases.of(article.title, texts, article.language)
        terms = map(self._analyzers.of(article.language).joined_terms, _analysed(article))
        return Prepared(
            article,
            article.digest(),
            boilerplate,
            make_sketches(article.paragraphs).tobytes(),
            make_identities(article.paragraphs).tobytes(),
            "\n".join(sorted(words)),
            "\n".join(terms),
        )


class PreparedTexts:
    """The prepared results of the articles of one commit."""

    def __init__(self, articles: Iterable[Prepared] = ()) -> None:
        self._articles = {one.digest: one for one in articles}
        self._sketches: dict[str, bytes] = {}
        self._identities: dict[str, bytes] = {}
        for one in self._articles.values():
            texts = one.article.paragraphs
            self._sketches.update(zip(texts, _cut(one.sketches, SKETCH), strict=True))
            self._identities.update(zip(texts, _cut(one.identities, IDENTITY), strict=True))

    def sketches(self, texts: Sequence[str]) -> NDArray[np.uint64]:
        """Return the sketches of `texts`, exactly as `make_sketches` does."""
        found = _made(texts, self._sketches, make_sketches)
        return np.frombuffer(found, "<u8").reshape(-1, 2)

    def identities(self, texts: Sequence[str]) -> NDArray[np.uint8]:
        """Return the identities of `texts`, exactly as `make_identities` does."""
        found = _made(texts, self._identities, make_identities)
        return np.frombuffer(found, "u1").reshape(-1, IDENTITY.itemsize)

    def phrases(self, digest: bytes, texts: Sequence[str]) -> Sequence[str]:
        """Return the words and phrases of an article, given its digest and texts.

        `texts` are the paragraphs that are not boilerplate. The result is empty if
        the article was not prepared, or if it was prepared with other `texts`.
        """
        found = self._articles.get(digest)
        if found is None or not found.phrases or found.texts != texts:
            return ()
        return found.phrases.split("\n")

    def terms(self, digest: bytes) -> Mapping[str, str]:
        """Return the terms of each analysed text of an article, joined with spaces.

        `digest` is the digest of the article. The result is empty if the article was
        not prepared. It lacks the parts of long paragraphs.
        """
        found = self._articles.get(digest)
        if found is None:
            return {}
        return dict(zip(found.analysed, found.terms.split("\n"), strict=True))


NOTHING_PREPARED: Final = PreparedTexts()


def article_in(item: Article | Prepared) -> Article:
    """Return `item` if it is an article, or the article of a prepared `item`."""
    return item.article if isinstance(item, Prepared) else item


def _analysed(article: Article) -> tuple[str, ...]:
    return (article.title, article.summary or "", *article.paragraphs)


def _cut(values: bytes, dtype: np.dtype[Any]) -> list[bytes]:
    size = dtype.itemsize
    return [values[at : at + size] for at in range(0, len(values), size)]


def _made(
    texts: Sequence[str],
    known: dict[str, bytes],
    make: Callable[[Sequence[str]], NDArray[Any]],
) -> bytes:
    lacking = [text for text in texts if text not in known]
    made = dict(zip(lacking, map(bytes, make(lacking)), strict=True))
    return b"".join(known.get(text) or made[text] for text in texts)


def _without(paragraphs: Sequence[str], some: Sequence[str]) -> list[str]:
    return [text for text in paragraphs if text not in some]
