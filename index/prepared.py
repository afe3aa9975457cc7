"""What a writer works out of an article's texts alone, worked out before the article is put.

Processes that read (sources/workers.py) do it by the functions that a writer uses, so that
it need not. It looks the results up by all that they depend on; what it does not find, as of
the parts of a long paragraph, it works out itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.analysis.analyzer import Analyzers, analysed_as
from nutgraf.index.analysis.boilerplate import is_boilerplate
from nutgraf.index.analysis.minhash import SKETCH, make_sketches
from nutgraf.index.analysis.phrases import PhraseExtractor
from nutgraf.index.article import Article

__all__ = ["NOTHING_PREPARED", "Prepared", "PreparedTexts", "Preparer", "article_in"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article that says its language, with what follows from it. `Preparer` makes them.

    `digest` is its own, `boilerplate` those of its paragraphs that look like it; `sketches` are
    of all paragraphs, in their order, `phrases` of the title and those that are no boilerplate,
    a word or phrase a line.
    """

    article: Article
    digest: bytes
    boilerplate: tuple[str, ...]
    sketches: bytes
    phrases: str

    @property
    def texts(self) -> list[str]:
        """The paragraphs that are no boilerplate by their looks."""
        return _without(self.article.paragraphs, self.boilerplate)


class Preparer:
    """Prepares articles. Not to be shared between threads: it remembers what it read."""

    def __init__(self) -> None:
        # Their own language is that of articles that name none, which are not prepared.
        self._phrases = PhraseExtractor(Analyzers(""))

    def prepare(self, article: Article) -> Prepared | Article:
        """Return the article prepared; as it is where only an index can tell its language."""
        if analysed_as(article.language) is None:
            return article
        boilerplate = tuple(filter(is_boilerplate, article.paragraphs))
        texts = _without(article.paragraphs, boilerplate)
        words = self._phrases.of(article.title, texts, article.language)
        return Prepared(
            article,
            article.digest(),
            boilerplate,
            make_sketches(article.paragraphs).tobytes(),
            "\n".join(sorted(words)),
        )


class PreparedTexts:
    """What was prepared of the articles of one commit, to be looked up."""

    def __init__(self, articles: Iterable[Prepared] = ()) -> None:
        self._articles = {one.digest: one for one in articles}
        self._sketches: dict[str, bytes] = {}
        size = SKETCH.itemsize
        for one in self._articles.values():
            for at, text in enumerate(one.article.paragraphs):
                self._sketches[text] = one.sketches[at * size : (at + 1) * size]

    def sketches(self, texts: Sequence[str]) -> NDArray[np.uint64]:
        """Return what `make_sketches` does."""
        lacking = [text for text in texts if text not in self._sketches]
        made = dict(zip(lacking, map(bytes, make_sketches(lacking)), strict=True))
        sketches = b"".join(self._sketches.get(text) or made[text] for text in texts)
        return np.frombuffer(sketches, "<u8").reshape(-1, 2)

    def phrases(self, digest: bytes, texts: Sequence[str]) -> Sequence[str]:
        """Return the words and phrases of the article with this digest, of whose texts these count.

        That is nothing where they are not known.
        """
        found = self._articles.get(digest)
        if found is None or not found.phrases or found.texts != texts:
            return ()
        return found.phrases.split("\n")


NOTHING_PREPARED: Final = PreparedTexts()


def article_in(item: Article | Prepared) -> Article:
    """Return the article, prepared or not."""
    return item.article if isinstance(item, Prepared) else item


def _without(paragraphs: Sequence[str], some: Sequence[str]) -> list[str]:
    return [text for text in paragraphs if text not in some]
