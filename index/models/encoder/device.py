"""Encoding paragraphs on a GPU, to build a large index."""

from __future__ import annotations

from typing import Final

from nutgraf.index.errors import EncoderError, UserError
from nutgraf.index.models.encoder.config import EncoderConfig
from nutgraf.index.models.encoder.titled import TitledEncoder
from nutgraf.index.models.hub import find_model, weights_sha256

__all__ = ["DEVICE_ENCODE_EVERY", "check_device", "open_on_device"]

DEVICE_ENCODE_EVERY: Final = 4_096
"""The number of paragraphs to encode together on a GPU.

sentence-transformers sorts them by length, so that a batch needs little padding.
"""


def open_on_device(config: EncoderConfig, device: str) -> TitledEncoder:
    """Return an encoder that runs the model of `config` on `device`, in float16.

    `device` is "cuda", or "cuda:1" for the second GPU. The embeddings agree with those
    of the int8 encoder of an index about as well as the original model does: the mean
    cosine is above .99. Questions still go to the int8 encoder.

    Raises UserError if there is no such device, and EncoderError if the model is not
    found or is another one.
    """
    check_device(device)
    model = find_model(config.name)
    if weights_sha256(model) != config.weights_sha256:
        raise EncoderError(
            f"the weights in {model} are not those of the encoder {config.name} of the index: "
            "omit --device, or create the index again"
        )
    from nutgraf.index.models.sentence_transformers import SentenceTransformersEncoder

    return TitledEncoder(SentenceTransformersEncoder(model, device, half=True))


def check_device(device: str) -> None:
    """Raise UserError if PyTorch finds no CUDA device with the name `device`."""
    import torch

    kind, colon, number = device.partition(":")
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    position = int(number) if number.isdecimal() else -1 if colon else 0
    if kind != "cuda" or not 0 <= position < there:
        raise UserError(
            f"torch {torch.__version__} finds no device {device!r}; it finds {there} CUDA "
            "devices: name one as cuda or cuda:0, install PyTorch for CUDA, or omit --device to "
            "encode on the CPU"
        )
