"""Context managers that silence third-party libraries while they load a model."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["no_download_bars", "no_loading_bars", "quiet"]

_LOUD_LOGGERS: Final = (
    "httpx",
    "huggingface_hub",
    "onnxruntime",
    "sentence_transformers",
    "torch",
    "transformers",
)


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress warnings and log records below ERROR of the libraries that load models.

    These messages are for developers of models. Our own check compares the exported
    model with the original. Warnings are suppressed in the whole process, because
    the warning filters of Python are global.
    """
    loggers = [logging.getLogger(name) for name in _LOUD_LOGGERS]
    levels = [logger.level for logger in loggers]
    root = logging.getLogger()
    # onnxruntime.quantization calls logging.warning(). This function logs on the root
    # logger. If the root logger has no handler, the function adds a permanent handler.
    handler = logging.NullHandler()
    root.addHandler(handler)
    root.addFilter(_refuse)
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.removeFilter(_refuse)
        root.removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def no_download_bars() -> Iterator[None]:
    """Keep huggingface_hub from drawing progress bars."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    shown = not are_progress_bars_disabled()
    if shown:
        disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            enable_progress_bars()


@contextmanager
def no_loading_bars() -> Iterator[None]:
    """Keep transformers from drawing progress bars."""
    from transformers.utils import logging as switches

    shown = switches.is_progress_bar_enabled()
    if shown:
        switches.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            switches.enable_progress_bar()


def _refuse(_record: logging.LogRecord) -> bool:
    return False
