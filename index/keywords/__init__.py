"""The keyword index: one protocol, and two engines that pass the same tests.

`create` creates an empty index; `open_writer` and `open_reader` open it. The library
of an engine is imported at the first use of that engine.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final, Literal, Protocol, cast, get_args

from nutgraf.index.errors import UntrustedIndexError
from nutgraf.index.keywords.protocol import KeywordEntry, KeywordReader, KeywordWriter

__all__ = [
    "ENGINES",
    "Engine",
    "KeywordEntry",
    "KeywordReader",
    "KeywordWriter",
    "create",
    "open_reader",
    "open_writer",
]

Engine = Literal["tantivy", "whoosh"]
"""tantivy is fast and the default. whoosh is pure Python and slower."""

ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)


class _EngineModule(Protocol):
    def create(self, path: Path) -> None: ...
    def open_reader(self, path: Path, older: KeywordReader | None) -> KeywordReader: ...
    def open_writer(self, path: Path) -> KeywordWriter: ...


def create(path: Path, engine: Engine) -> None:
    """Create an empty keyword index in the directory `path`, which need not exist.

    Raises FileExistsError if the directory is not empty.
    """
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise FileExistsError(
            f"cannot create a keyword index in {path}: the directory is not empty; "
            "use a new directory"
        )
    _module(engine).create(path)


def open_reader(
    path: Path, engine: Engine, *, trust: bool = False, older: KeywordReader | None = None
) -> KeywordReader:
    """Return a view of the last commit of the keyword index at `path`.

    `older` is a view of an earlier commit. tantivy does not check files again that were
    checked for `older`.

    Raises UntrustedIndexError for a whoosh index unless `trust` is True. Raises
    BrokenIndexError if files are missing or damaged.
    """
    _check_trust(path, engine, trust=trust)
    return _module(engine).open_reader(path, older)


def open_writer(path: Path, engine: Engine, *, trust: bool = False) -> KeywordWriter:
    """Return the writer of the keyword index at `path`.

    Raises IndexLockedError if the index has another writer, and the errors of `open_reader`.
    """
    _check_trust(path, engine, trust=trust)
    return _module(engine).open_writer(path)


def _check_trust(path: Path, engine: Engine, *, trust: bool) -> None:
    if engine == "whoosh" and not trust:
        raise UntrustedIndexError(
            f"cannot open {path} without trust: it is a whoosh index, whose files contain pickles, "
            "and opening them can run code of the person who created the index. If you created it "
            "or trust that person, pass trust=True (in Python) or --trust (on the command line)"
        )


def _module(engine: Engine) -> _EngineModule:
    if engine not in ENGINES:
        raise ValueError(f"unknown keyword engine {engine!r}; the engines are {', '.join(ENGINES)}")
    return cast(_EngineModule, importlib.import_module(f"{__name__}.{engine}.engine"))
