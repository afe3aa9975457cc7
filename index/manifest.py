"""The manifest: the properties of an index and the generation in use.

A generation is a complete set of the parts of an index (see generations.py).

The manifest is written when the index is created. When a new generation is
complete, or when the reranker changes, a new manifest replaces it atomically.
From then on, readers and writers use the new generation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from nutgraf.index.errors import BrokenIndexError, NotAnIndexError
from nutgraf.index.fields.declared import DeclaredKind, with_fields
from nutgraf.index.keywords import ENGINES, Engine
from nutgraf.index.models.encoder import EncoderConfig
from nutgraf.index.models.reranker import RerankerConfig
from nutgraf.index.storage.checked_json import parse_checked, write_checked
from nutgraf.index.storage.layout import FIRST, MANIFEST, parts_folder

__all__ = ["FORMAT", "LEAD", "Manifest", "now"]

FORMAT: Final = 4
"""The index format that this version writes and reads."""

LEAD: Final = 0.03
"""The default bonus of the first paragraph of an article (search/ranking/lead.py)."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The properties of an index.

    `generation` is the number of the generation in use. `previous` is the number
    of the generation before the last change of encoder, None if it is not stored.
    `put_back_index` restores that generation. `reranker` is None if the index has
    no reranker. With `keep_boilerplate`, boilerplate is ranked like other
    paragraphs. `fields` are the names and kinds of the declared fields. `lead` is the
    bonus of the first paragraph of an article, 0 to 1, if a request names none.
    """

    language: str
    keyword_engine: Engine
    encoder: EncoderConfig
    created: str
    generation: int = FIRST
    previous: int | None = None
    reranker: RerankerConfig | None = None
    keep_boilerplate: bool = False
    fields: tuple[tuple[str, DeclaredKind], ...] = ()
    lead: float = LEAD
    format: int = FORMAT

    @classmethod
    def new(
        cls,
        language: str,
        keyword_engine: Engine,
        encoder: EncoderConfig,
        reranker: RerankerConfig | None = None,
        *,
        keep_boilerplate: bool = False,
        fields: Mapping[str, DeclaredKind] = MappingProxyType({}),
        lead: float = LEAD,
    ) -> Manifest:
        """Return the manifest of an index that is created now."""
        return cls(
            language,
            keyword_engine,
            encoder,
            now(),
            reranker=reranker,
            keep_boilerplate=keep_boilerplate,
            fields=tuple(fields.items()),
            lead=lead,
        )

    @property
    def declared(self) -> Mapping[str, DeclaredKind]:
        """The kind of each declared field, by its name."""
        return dict(self.fields)

    def parts(self, index: Path) -> Path:
        """Return the folder with the parts of the generation in use."""
        return parts_folder(index, self.generation)

    @classmethod
    def read(cls, index: Path) -> Manifest:
        """Read the manifest of the index directory `index`.

        Raises NotAnIndexError if there is no manifest or if this version does
        not read its format. Raises BrokenIndexError if the manifest is damaged or
        cannot be read.
        """
        path = index / MANIFEST
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise NotAnIndexError(_absent(index)) from None
        except OSError as error:
            raise BrokenIndexError(
                f"{path} cannot be read: {error.strerror}; check its permissions"
            ) from error
        try:
            return cls._parse(parse_checked(content), path)
        except (ValueError, KeyError, TypeError) as error:
            raise BrokenIndexError(
                f"{path} is damaged ({error}); restore it from a backup or index the articles again"
            ) from error

    @classmethod
    def _parse(cls, fields: dict[str, Any], path: Path) -> Manifest:
        # The checksum was checked first: a damaged digit could look like another format.
        if fields["format"] != FORMAT:
            raise NotAnIndexError(
                f"{path} has format {fields['format']!r}, but this version of nutgraf reads "
                f"format {FORMAT}: use a version that reads it, or index the articles again"
            )
        if fields["keyword_engine"] not in ENGINES:
            raise ValueError(f"keyword_engine is {fields['keyword_engine']!r}")
        reranker = fields.get("reranker")
        return cls(
            str(fields["language"]),
            fields["keyword_engine"],
            EncoderConfig.from_dict(fields["encoder"], str(path)),
            str(fields["created"]),
            int(fields["generation"]),
            fields["previous"],
            None if reranker is None else RerankerConfig.from_dict(reranker, str(path)),
            bool(fields["keep_boilerplate"]),
            tuple(with_fields({}, dict(fields["fields"])).items()),
            float(fields["lead"]),
        )

    def write(self, index: Path) -> None:
        """Write the manifest into the index directory atomically."""
        fields: dict[str, Any] = {
            "format": self.format,
            "language": self.language,
            "keep_boilerplate": self.keep_boilerplate,
            "keyword_engine": self.keyword_engine,
            "fields": dict(self.fields),
            "lead": self.lead,
            "encoder": self.encoder.to_dict(),
            "reranker": None if self.reranker is None else self.reranker.to_dict(),
            "created": self.created,
            "generation": self.generation,
            "previous": self.previous,
        }
        write_checked(index / MANIFEST, fields, indent=2)


def now() -> str:
    """Return the current time in UTC, in the form of ISO 8601.

    The microseconds distinguish two indexes that are created in the same second.
    """
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _absent(index: Path) -> str:
    if not index.exists():
        return (
            f"there is no index at {index}: check the path (--index), or create one with "
            f"'nutgraf index SOURCES... -i {index}'"
        )
    advice = "check the path (--index)"
    if not index.is_dir():
        return f"{index} is a file, but an index is a directory; {advice}"
    return f"{index} is not an index: it holds no {MANIFEST}; {advice}"
