"""Models opened with ONNX Runtime: fingerprint checked, one thread per run."""

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
"""Log severity of ONNX Runtime: its warnings concern graphs and go to stderr."""


def open_model(
    folder: Path, sha256: str, repair_hint: str, *others: bytes
) -> tuple[Tokenizer, Any]:
    """Return the tokenizer and the session of the model in `folder`.

    `others` are the contents of further files that the fingerprint includes.
    Raises BrokenIndexError, with `repair_hint`, if files are missing or if their
    fingerprint is not `sha256`. Raises EncoderError if this ONNX Runtime cannot
    run the model.
    """
    model = read_part(folder / MODEL_FILE, repair_hint)
    tokenizer = read_part(folder / TOKENIZER_FILE, repair_hint)
    # A question in a shell waits for this step. Hashing and ONNX Runtime both release the
    # interpreter lock: in parallel, both take no longer than one of them.
    with ThreadPoolExecutor(1) as pool:
        hashed = pool.submit(fingerprint, model, tokenizer, *others)
        try:
            session = open_session(model)
        finally:
            # Report a wrong fingerprint before the error that ONNX Runtime raises because of
            # the damage: it names the cause.
            _check_fingerprint(hashed.result(), sha256, folder, repair_hint)
    from tokenizers import Tokenizer

    return Tokenizer.from_buffer(tokenizer), session


def open_session(model: bytes) -> Any:
    """Return an onnxruntime.InferenceSession over an ONNX model. Raises EncoderError."""
    # Imported here, because the import takes 0.15 s and a keyword search does not need it.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    # One thread per run is fastest. A question of 9 tokens takes 1.0 ms on 1 thread,
    # 1.0 ms on 2 spinning threads and 1.5 ms on 2 sleeping threads. With 8 concurrent
    # callers on 2 cores, 1 thread answers 1,800 questions a second, 2 spinning threads
    # 1,400 and 2 sleeping threads 1,500.
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # The fallback of ONNX Runtime prints the error of a graph and tries to open it again.
        return onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:
        raise EncoderError(
            f"onnxruntime {onnxruntime.__version__} cannot run the model: {error}; to upgrade "
            "onnxruntime, run: pip install --upgrade onnxruntime"
        ) from error


def inputs_of(encoding: Encoding, names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Return the inputs `names` of a model, for one text or one pair of texts.

    Each input is int64 of shape (1, tokens).
    """
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
            f"the model in {folder} is damaged: the fingerprint of its files is {found}, but "
            f"{CONFIG_FILE} says {expected}; {repair_hint}"
        ) from None
