"""Models opened by ONNX Runtime: checked against their fingerprint, a thread a run."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from nutgraf.index.errors import BrokenIndexError, EncoderError
from nutgraf.index.models.files import (
    CONFIG_FILE,
    MODEL_FILE,
    TOKENIZER_FILE,
    fingerprint,
    read_part,
)

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

__all__ = ["inputs_of", "open_model", "open_session"]

_ERRORS_ONLY: Final = 3
"""ONNX Runtime's log severity; its warnings are about graphs, and go to stderr."""


def open_model(
    folder: Path, sha256: str, repair_hint: str, *others: bytes
) -> tuple[Tokenizer, Any]:
    """Return the tokenizer and the session of the model in `folder`.

    Raises BrokenIndexError where its files, `others` among them, are missing or
    have another fingerprint than `sha256`, with `repair_hint`; EncoderError where this
    ONNX Runtime cannot run it.
    """
    model = read_part(folder / MODEL_FILE, repair_hint)
    tokenizer = read_part(folder / TOKENIZER_FILE, repair_hint)
    # A question in a shell waits for this. Hashing lets go of the interpreter, and so does
    # ONNX Runtime: done side by side they take as long as one.
    with ThreadPoolExecutor(1) as pool:
        hashed = pool.submit(fingerprint, model, tokenizer, *others)
        try:
            session = open_session(model)
        finally:
            # Damage says more than what ONNX Runtime makes of it, so it is told first.
            _check_fingerprint(hashed.result(), sha256, folder, repair_hint)
    from tokenizers import Tokenizer

    return Tokenizer.from_buffer(tokenizer), session


def open_session(model: bytes) -> Any:
    """Return an onnxruntime.InferenceSession over an ONNX model; raises EncoderError."""
    # Imported when an encoder is opened: it takes 0.15 s that a keyword search need not wait.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    # One thread a run. A question of 9 tokens takes 1.0 ms on one thread, 1.0 ms
    # on two that spin and 1.5 ms on two that sleep; with 8 callers at once on 2
    # cores one thread answers 1,800 a second, two 1,400 and 1,500.
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # With its fallback, it would print what is wrong with a graph, and try it again.
        return onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:
        raise EncoderError(
            f"onnxruntime {onnxruntime.__version__} cannot run the model: {error}; upgrade it "
            "with: pip install --upgrade onnxruntime"
        ) from error


def inputs_of(encoding: Encoding, names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Return what a model is fed for one text, or one pair of them: those of its inputs `names`."""
    ids = np.array([encoding.ids], dtype=np.int64)
    values = {
        "input_ids": ids,
        "attention_mask": np.ones_like(ids),
        "token_type_ids": np.array([encoding.type_ids], dtype=np.int64),
    }
    return {name: values[name] for name in names}


def _check_fingerprint(found: str, expected: str, folder: Path, repair_hint: str) -> None:
    if found != expected:
        raise BrokenIndexError(
            f"the model in {folder} is damaged: the fingerprint of its files is {found}, "
            f"{CONFIG_FILE} says {expected}; {repair_hint}"
        ) from None
