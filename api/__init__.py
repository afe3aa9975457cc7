"""The interfaces of Nutgraf: HTTP (`create_app`) and the command line (cli/)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nutgraf.index.lazy import lazy_exports

if TYPE_CHECKING:
    from nutgraf.api.http.app import (
        create_app as create_app,
    )

_MODULES = {
    "create_app": "http.app",
}

__all__ = sorted(_MODULES)

__getattr__, __dir__ = lazy_exports(__name__, _MODULES)
