"""Opening models with ONNX Runtime, after a check of their fingerprint."""

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

__all__ = ["SLOW_FUSIONS", "inputs_of", "open_model", "open_session"]

_ERRORS_ONLY: Final = 3
"""The log severity of ONNX Runtime at which it prints no warnings to stderr.

The warnings are about details of graphs.
"""


SLOW_FUSIONS: Final = ("SkipLayerNormFusion",)
"""Optimisations of ONNX Runtime that make a graph slower.

Its fused SkipLayerNormalization takes 0.18 ms for 95 tokens, the two operators 0.04 ms. Without the
fusion, the default encoder is 1.1 times as fast.
"""


def open_model(
    folder: Path, sha256: str, repair_hint: str, *others: bytes
) -> tuple[Tokenizer, Any]:
    """Return the tokenizer and the session of the model in `folder`.

    `others` are the contents of other files on which the fingerprint depends. Raises
    BrokenIndexError if files are missing or if their fingerprint is not `sha256`.
    The message includes `repair_hint`. Raises EncoderError if the installed ONNX
    Runtime cannot run the model.
    """
    model = read_part(folder / MODEL_FILE, repair_hint)
    tokenizer = read_part(folder / TOKENIZER_FILE, repair_hint)
    # A question in a shell waits for this step. Hash the files and open the model in parallel:
    # both release the interpreter lock, so together they take no longer than one of them.
    with ThreadPoolExecutor(1) as pool:
        hashed = pool.submit(fingerprint, model, tokenizer, *others)
        try:
            session = open_session(folder / MODEL_FILE)
        finally:
            # If a file is damaged, ONNX Runtime can raise an error too. Raise the error about the
            # fingerprint instead, because that error names the cause.
            _check_fingerprint(hashed.result(), sha256, folder, repair_hint)
    from tokenizers import Tokenizer

    return Tokenizer.from_buffer(tokenizer), session


def open_session(model: bytes | Path) -> Any:
    """Return an onnxruntime.InferenceSession for an ONNX model or its file.

    A session keeps the bytes of a model, but not the content of a file.
    Raises EncoderError if ONNX Runtime cannot run the model.
    """
    # Import it here: the import takes 0.15 s, and a keyword search does not need it.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    # One thread per run is fastest. Several threads of a run can wait busily for work (spin)
    # or sleep. A question of 9 tokens takes 1.0 ms on 1 thread, 1.0 ms on 2 spinning threads
    # and 1.5 ms on 2 sleeping threads. With 8 concurrent callers on 2 cores, runs on 1 thread
    # encode 1,800 questions per second, runs on 2 spinning threads 1,400, and runs on 2
    # sleeping threads 1,500.
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # Disable the fallback of ONNX Runtime: after an error, it prints the error and opens the
        # graph again.
        return onnxruntime.InferenceSession(
            model if isinstance(model, bytes) else str(model),
            options,
            providers=["CPUExecutionProvider"],
            enable_fallback=0,
            disabled_optimizers=list(SLOW_FUSIONS),
        )
    except Exception as error:
        raise EncoderError(
            f"onnxruntime {onnxruntime.__version__} cannot run the model: {error}; to upgrade "
            "onnxruntime, run: pip install --upgrade onnxruntime"
        ) from error


def inputs_of(encoding: Encoding, names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Return the inputs of a model for one text or one pair of texts.

    `names` are the names of the inputs. Each input is int64 of shape (1, tokens).
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
