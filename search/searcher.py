"""Searcher: the entry point of search in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from nutgraf.index.article import paragraph_id
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.reader.live import LiveIndex
from nutgraf.index.reader.protocol import IndexReader, ReaderSource, Statistics
from nutgraf.index.schema import FIELD_NAMES
from nutgraf.search.cache import SearchCache
from nutgraf.search.cursor import sequence_of
from nutgraf.search.errors import RequestError
from nutgraf.search.pipeline import answer
from nutgraf.search.request.options import Filters
from nutgraf.search.request.search_request import SearchRequest
from nutgraf.search.request.validation import check_kind
from nutgraf.search.response import ArticleView, Hit, ParagraphView, Response
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
    """Add the keywords of a request to a method, for type checkers and help()."""
    fields = list(signature(request).parameters.values())[1:]

    def decorate(method: Callable[..., T]) -> Callable[..., T]:
        own = signature(method)
        named = [one for one in own.parameters.values() if one.kind is not one.VAR_KEYWORD]
        method.__signature__ = own.replace(parameters=[*named, *fields])  # type: ignore[attr-defined]
        return method

    return decorate


class Searcher:
    """A search over one index. Each question is answered from one snapshot.

        with Searcher("news.index") as searcher:
            for hit in searcher.search("missiles supplied to Ukraine", limit=5).hits:
                print(hit.score, hit.article.title, hit.snippet.text)

    Each question uses the newest commit, also if another process made it. Threads may share a
    Searcher. The files of an index with the whoosh engine contain pickles, so such an index opens
    only with `trust`. Set `trust` only for an index that you made.

    Without `cache`, each question is answered anew. With a SearchCache, a question that is asked
    again is answered from the cache until the index changes.

    Raises NotAnIndexError if the path is not an index, UntrustedIndexError if `trust` is required,
    and BrokenIndexError if the index is damaged.
    """

    def __init__(
        self,
        index: str | Path | ReaderSource,
        *,
        trust: bool = False,
        cache: SearchCache | None = None,
    ) -> None:
        if isinstance(index, str | Path):
            index = LiveIndex(index, trust=trust)
        elif not hasattr(index, "snapshot"):
            raise RequestError("index", f"must be the path of an index, got {type(index).__name__}")
        self._source: ReaderSource = index
        self.cache: Final = cache or SearchCache(answers=0, embeddings=0)

    @_with_options_of(SearchRequest)
    def search(self, request: str | SearchRequest = "", **options: Any) -> Response:
        """Answer a question; `options` are the other fields of SearchRequest.

        Without a question, the response lists all articles that meet the filters.

        Raises RequestError for a request that cannot be answered.
        """
        if isinstance(request, SearchRequest):
            request = replace(request, **options) if options else request
        else:
            request = SearchRequest(request, **options)
        now = datetime.now(UTC)
        ask = partial(answer, request=request, cache=self.cache, now=now)
        return self._ask(ask, sequence_of(request.cursor))

    @_with_options_of(SearchRequest)
    def walk(self, request: str | SearchRequest = "", **options: Any) -> Iterator[Hit]:
        """Yield all hits of a question, page by page, for example for an export.

        All pages come from the snapshot of the first page, as long as it is held. `limit` is the
        number of hits that are read at a time; the number of all hits does not depend on it.
        Raises RequestError for a request that cannot be answered.
        """
        page = self.search(request, **options)
        yield from page.hits
        while page.next is not None:
            page = self.search(request, **{**options, "offset": 0, "cursor": page.next})
            yield from page.hits

    def similar(
        self, name: str, *, limit: int = 10, filters: Filters = NO_FILTERS
    ) -> Response | None:
        """Return the hits nearest in meaning to an article or to ARTICLE#POSITION.

        The result is None if there is no such article or paragraph. For an article, the hits are
        other articles, each with its nearest paragraph. For a paragraph, they are paragraphs of
        other articles. A score is a cosine. `limit` is 1 to 100.

        Raises RequestError if an argument is not valid.
        """
        check_kind("name", name, str)
        return self._ask(partial(similar, name=name, limit=limit, filters=filters))

    def suggest(self, q: str, limit: int = 8) -> Completions:
        """Complete the typed text `q` from titles, frequent phrases and words.

        An empty `q` has no completions. Raises RequestError if `q` is too long or `limit` is
        not 1 to 20, and BrokenIndexError if the suggestions of the index are missing or damaged.
        """
        check_completion(q, limit)
        return self._ask(partial(complete, q=q, limit=limit))

    def article(self, article: str) -> ArticleView | None:
        """Return the article with this id and all its paragraphs, None if there is none.

        Raises RequestError if `article` is not a text.
        """
        check_kind("article", article, str)
        return self._ask(partial(_article, article=article))

    def statistics(self) -> Statistics:
        """Return the counts of articles, paragraphs and other contents of the index."""
        return self._ask(lambda index: index.statistics())

    @property
    def sequence(self) -> int:
        """The number of the commit that answers questions now."""
        return self._ask(lambda index: index.sequence)

    def warm(self) -> None:
        """Open all files of the index now, so that the first question does not wait."""
        self._ask(lambda index: index.warm())

    def refresh(self) -> bool:
        """Open the newest commit now, not at the next question.

        Return True if there was a newer commit. Raises the same errors as opening an index. After
        an error, the previous commit still answers questions.
        """
        return self._source.refresh()

    def close(self) -> None:
        """Close the files of the index after the questions in progress are answered."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, ask: Callable[[IndexReader], T], sequence: int | None = None) -> T:
        """Answer from the newest snapshot; retry once if its files were replaced.

        If the snapshot with the number `sequence` is still held, it answers.
        """
        with self._source.snapshot(sequence) as snapshot:
            try:
                found = ask(snapshot)
                if getattr(found, "next", None) is not None:
                    self._source.hold(snapshot)  # The next page comes from this snapshot.
                return found
            except BrokenIndexError:
                # A rebuilt index (a new generation) may have replaced files that were not open yet.
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
        **{name: getattr(record, name) for name in FIELD_NAMES},
        paragraphs=tuple(
            ParagraphView(paragraph_id(record.id, position), position, text)
            for position, text in enumerate(texts)
        ),
        snapshot=index.sequence,
        digest=record.digest,
    )
