"""Searcher: a question in, ranked hits out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from nutgraf.index.article import paragraph_id
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.reader.live import LiveIndex
from nutgraf.index.reader.protocol import IndexReader, ReaderSource, Statistics
from nutgraf.search.errors import RequestError
from nutgraf.search.pipeline import answer
from nutgraf.search.ranking.cache import RankingCache
from nutgraf.search.request.options import Filters
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.request.validation import check_kind
from nutgraf.search.response import ArticleFields, ArticleView, ParagraphView, Response
from nutgraf.search.similar import similar
from nutgraf.search.suggest.completion import Completions, check_completion, complete

__all__ = ["Searcher"]

T = TypeVar("T")
SearcherT = TypeVar("SearcherT")
Options = ParamSpec("Options")

NO_FILTERS: Final = Filters()


def _with_options_of(
    request: Callable[Concatenate[str, Options], SearchRequest],
) -> Callable[
    [Callable[Concatenate[SearcherT, str | SearchRequest, ...], T]],
    Callable[Concatenate[SearcherT, str | SearchRequest, Options], T],
]:
    """Give a method the keywords of SearchRequest, for type checkers and help()."""
    fields = list(signature(request).parameters.values())[1:]

    def decorate(method: Callable[..., T]) -> Callable[..., T]:
        own = signature(method)
        named = [one for one in own.parameters.values() if one.kind is not one.VAR_KEYWORD]
        method.__signature__ = own.replace(parameters=[*named, *fields])  # type: ignore[attr-defined]
        return method

    return decorate


class Searcher:
    """Answers questions from an index, each from one snapshot of it.

        with Searcher("news.index") as searcher:
            for hit in searcher.search("who supplied the missiles", limit=5).hits:
                print(hit.score, hit.article.title, hit.snippet.text)

    Commits that are made meanwhile, by this process or another, are noticed:
    the next question is answered from the newest. Safe to use from many
    threads. `trust` is needed for an index of the
    whoosh engine, whose files hold pickles: give it only for an index that
    you made.

    Raises NotAnIndexError, UntrustedIndexError, BrokenIndexError.
    """

    def __init__(self, index: str | Path | ReaderSource, *, trust: bool = False) -> None:
        if isinstance(index, str | Path):
            index = LiveIndex(index, trust=trust)
        elif not hasattr(index, "snapshot"):
            raise RequestError("index", f"is a {type(index).__name__}; name the path of an index")
        self._source: ReaderSource = index
        self._cache = RankingCache()

    @_with_options_of(SearchRequest)
    def search(self, request: str | SearchRequest, **options: Any) -> Response:
        """Answer a question; `options` are the other fields of SearchRequest.

        Raises RequestError for a request that cannot be answered.
        """
        if isinstance(request, SearchRequest):
            request = replace(request, **options)
        else:
            request = SearchRequest(request, **options)
        return self._ask(partial(answer, request=request, cache=self._cache))

    def similar(
        self, name: str, *, limit: int = 10, filters: Filters = NO_FILTERS
    ) -> Response | None:
        """Return what is nearest in meaning to an article or to ARTICLE#POSITION, or None.

        None where there is no such article or paragraph. To an article, the
        hits are other articles, each with its nearest paragraph; to a
        paragraph, paragraphs of other articles. A score is a cosine. `limit`
        is 1 to 100. Raises RequestError.
        """
        check_kind("name", name, str)
        return self._ask(partial(similar, name=name, limit=limit, filters=filters))

    def suggest(self, q: str, limit: int = 8) -> Completions:
        """Complete what is typed so far, from titles, frequent phrases and words.

        Nothing is suggested for an empty `q`. Raises RequestError for one that
        is too long or a `limit` beyond 1 to 20, and BrokenIndexError where the
        index has no sound suggestions.
        """
        check_completion(q, limit)
        return self._ask(partial(complete, q=q, limit=limit))

    def article(self, article: str) -> ArticleView | None:
        """Return the article with this id and all its paragraphs, or None. Raises RequestError."""
        check_kind("article", article, str)
        return self._ask(partial(_article, article=article))

    def statistics(self) -> Statistics:
        """Count what the index holds."""
        return self._ask(lambda index: index.statistics())

    @property
    def sequence(self) -> int:
        """The number of the commit that questions are answered from."""
        return self._ask(lambda index: index.sequence)

    def warm(self) -> None:
        """Open every part of the index now, so that the first question need not wait."""
        self._ask(lambda index: index.warm())

    def refresh(self) -> bool:
        """Show the newest commit now, not only at the next question; tell if it was newer.

        Raises what opening the index raises; questions are answered as before then.
        """
        return self._source.refresh()

    def close(self) -> None:
        """Release files, once the questions that are being answered are."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, ask: Callable[[IndexReader], T]) -> T:
        """Answer from the newest snapshot, one and the same throughout."""
        with self._source.snapshot() as snapshot:
            try:
                return ask(snapshot)
            except BrokenIndexError:
                # A new generation may have taken the place of files that were not open yet.
                self._source.refresh()
                with self._source.snapshot() as newer:
                    if newer is snapshot:
                        raise
                    return ask(newer)


def _article(index: IndexReader, article: str) -> ArticleView | None:
    record = index.article(article)
    if record is None:
        return None
    texts = index.article_texts(record)
    return ArticleView(
        **asdict(ArticleFields.of(record)),
        paragraphs=tuple(
            ParagraphView(paragraph_id(record.id, position), position, text)
            for position, text in enumerate(texts)
        ),
        snapshot=index.sequence,
        digest=record.digest,
    )
