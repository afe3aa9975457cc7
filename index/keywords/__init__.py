"""The keyword index: one narrow protocol, two engines that pass one contract suite.

`create` makes an empty index, `open_writer` and `open_reader` open it. An
engine's library is imported when that engine is first asked for.
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
"""tantivy: fast, the default. whoosh: pure Python and slower, for those who know it."""

ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)


class _EngineModule(Protocol):
    def create(self, path: Path) -> None: ...
    def open_reader(self, path: Path, older: KeywordReader | None) -> KeywordReader: ...
    def open_writer(self, path: Path) -> KeywordWriter: ...


def create(path: Path, engine: Engine) -> None:
    """Make an empty keyword index in the directory `path`, which need not exist.

    Raises FileExistsError when there is something in it.
    """
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise FileExistsError(f"{path} is not empty; a keyword index is made in a new directory")
    _module(engine).create(path)


def open_reader(
    path: Path, engine: Engine, *, trust: bool = False, older: KeywordReader | None = None
) -> KeywordReader:
    """Return a view of the last commit of the keyword index at `path`.

    Files that `older`, a view of an earlier commit, has found to be sound are
    not read again.

    Raises UntrustedIndexError for a whoosh index unless `trust` is True, and
    BrokenIndexError when files are missing or damaged.
    """
    _check_trust(path, engine, trust=trust)
    return _module(engine).open_reader(path, older)


def open_writer(path: Path, engine: Engine, *, trust: bool = False) -> KeywordWriter:
    """Return the writer of the keyword index at `path`.

    Raises IndexLockedError when there is one already, otherwise as `open_reader`.
    """
    _check_trust(path, engine, trust=trust)
    return _module(engine).open_writer(path)


def _check_trust(path: Path, engine: Engine, *, trust: bool) -> None:
    if engine == "whoosh" and not trust:
        raise UntrustedIndexError(
            f"{path} is a whoosh index, and whoosh's files hold pickles: opening one runs code "
            "that its maker may have put there. If you made it or trust who did, pass trust=True "
            "(in Python) or --trust (on the command line)"
        )


def _module(engine: Engine) -> _EngineModule:
    if engine not in ENGINES:
        raise ValueError(f"no keyword engine {engine!r}; there are {', '.join(ENGINES)}")
    return cast(_EngineModule, importlib.import_module(f"{__name__}.{engine}.engine"))
