"""Jobs: requests that read, as values that can go to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from pydantic_core import to_json

from nutgraf.search import Searcher, SearchRequest
from nutgraf.search.cursor import sequence_of

__all__ = ["Answer", "Count", "Job", "Search", "Show", "Similar", "Suggest"]


@dataclass(frozen=True, slots=True)
class Answer:
    """JSON, None if there is no such article; `digest` is that of a shown article."""

    body: bytes | None
    digest: bytes | None = None


class Job(Protocol):
    """A request that reads. Jobs are values, and can be pickled."""

    @property
    def snapshot(self) -> int | None:
        """The number of the snapshot that should answer, None for the newest one."""

    def run(self, searcher: Searcher) -> Answer:
        """Answer the request. Raises the errors of Searcher."""


@dataclass(frozen=True, slots=True)
class Search:
    """Search paragraphs."""

    request: SearchRequest

    @property
    def snapshot(self) -> int | None:
        """See Job."""
        return sequence_of(self.request.cursor)

    def run(self, searcher: Searcher) -> Answer:
        """See Job."""
        return Answer(to_json(searcher.search(self.request).to_dict(text=self.request.text)))


@dataclass(frozen=True, slots=True)
class Suggest:
    """Complete the typed text `q`."""

    q: str
    limit: int
    snapshot: None = None

    def run(self, searcher: Searcher) -> Answer:
        """See Job."""
        return Answer(to_json(searcher.suggest(self.q, self.limit).to_dict()))


@dataclass(frozen=True, slots=True)
class Similar:
    """List the hits nearest in meaning to an article or a paragraph."""

    article: str
    options: Mapping[str, Any]
    snapshot: None = None

    def run(self, searcher: Searcher) -> Answer:
        """See Job."""
        found = searcher.similar(self.article, **self.options)
        return Answer(None if found is None else to_json(found.to_dict()))


@dataclass(frozen=True, slots=True)
class Show:
    """Return an article with all its paragraphs."""

    article: str
    snapshot: None = None

    def run(self, searcher: Searcher) -> Answer:
        """See Job."""
        found = searcher.article(self.article)
        return Answer(None) if found is None else Answer(to_json(found.to_dict()), found.digest)


@dataclass(frozen=True, slots=True)
class Count:
    """Count the contents of the index."""

    snapshot: None = None

    def run(self, searcher: Searcher) -> Answer:
        """See Job."""
        return Answer(to_json(asdict(searcher.statistics())))
