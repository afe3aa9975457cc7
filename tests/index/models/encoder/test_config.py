"""EncoderConfig: round trips, damaged configs and the fingerprint."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.models import encoder
from nutgraf.index.models.encoder import EncoderConfig, is_exported
from nutgraf.index.models.files import CONFIG_FILE, fingerprint

CONFIG = EncoderConfig(
    name="owner/model",
    revision=None,
    dimension=384,
    pooling="mean",
    max_tokens=256,
    question_prefix="query: ",
    paragraph_prefix="",
    weights_sha256="a" * 64,
    precision="int8",
    sha256="b" * 64,
)


def test_config_round_trips_through_a_file(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text(json.dumps(CONFIG.to_dict()))
    assert EncoderConfig.read(tmp_path) == CONFIG


def test_unknown_fields_are_ignored() -> None:
    assert EncoderConfig.from_dict({**CONFIG.to_dict(), "colour": "blue"}) == CONFIG


def test_encoders_embed_alike_whatever_questions_begin_with() -> None:
    assert CONFIG.embeds_like(replace(CONFIG, name="other/name", question_prefix=""))
    assert not CONFIG.embeds_like(replace(CONFIG, paragraph_prefix="passage: "))
    assert not CONFIG.embeds_like(replace(CONFIG, sha256="c" * 64))


def test_revision_is_optional() -> None:
    values = CONFIG.to_dict()
    del values["revision"]
    assert EncoderConfig.from_dict(values) == CONFIG


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("name", 7),
        ("revision", 7),
        ("dimension", "384"),
        ("dimension", 0),
        ("dimension", True),
        ("max_tokens", -1),
        ("max_tokens", 2.5),
        ("sha256", None),
        ("question_prefix", None),
    ],
)
def test_error_names_the_damaged_field(field: str, value: object) -> None:
    with pytest.raises(BrokenIndexError, match=f"^somewhere is damaged: '{field}' is"):
        EncoderConfig.from_dict({**CONFIG.to_dict(), field: value}, "somewhere")


@pytest.mark.parametrize("values", [None, [], "text", 3])
def test_values_other_than_an_object_are_refused(values: object) -> None:
    with pytest.raises(BrokenIndexError, match="the index's manifest is damaged"):
        EncoderConfig.from_dict(values)


@pytest.mark.parametrize("content", [b"", b"{", b'{"name": "x"', b"\xff\xfe", b"[]", b"null"])
def test_error_names_the_damaged_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CONFIG_FILE).write_bytes(content)
    with pytest.raises(BrokenIndexError, match=r"config\.json is damaged.*nutgraf repair"):
        EncoderConfig.read(tmp_path)


def test_error_names_the_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BrokenIndexError, match=r"config\.json is missing"):
        EncoderConfig.read(tmp_path)


def test_fingerprint_depends_on_every_file() -> None:
    prints = {
        fingerprint(b"model", b"tokenizer"),
        fingerprint(b"modelt", b"okenizer"),
        fingerprint(b"tokenizer", b"model"),
        fingerprint(b"model", b"tokenizer", b"words"),
        fingerprint(b"model", b"tokenizer", b""),
    }
    assert len(prints) == 5
    assert fingerprint(b"model", b"tokenizer") in prints


def test_is_exported_recognises_only_exports(encoder_folder: Path, tmp_path: Path) -> None:
    assert is_exported(encoder_folder)
    assert not is_exported(tmp_path)
    assert not is_exported(tmp_path / "absent")
    for name in ("model.onnx", "tokenizer.json", "modules.json"):
        (tmp_path / name).touch()
    assert not is_exported(tmp_path)


def test_all_names_exist() -> None:
    assert sorted(encoder.__all__) == [
        "DEFAULT_MODEL",
        "Encoder",
        "EncoderConfig",
        "OnnxEncoder",
        "export_encoder",
        "find_model",
        "is_exported",
    ]
    assert all(hasattr(encoder, name) for name in encoder.__all__)
