"""Entity tags and conditions of RFC 9110."""

import pytest
from fastapi import HTTPException
from starlette.datastructures import Headers

from nutgraf.api.write_queue.preconditions import etag, parse_precondition

DIGEST = bytes(range(16))
TAG = etag(DIGEST)


def failed(digest, **headers):
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return parse_precondition(Headers(raw=raw)).failed(digest)


def test_tag_is_strong_and_hexadecimal():
    assert TAG == '"000102030405060708090a0b0c0d0e0f"'


@pytest.mark.parametrize(
    ("value", "there", "missing"),
    [
        (TAG, True, False),
        ("*", True, False),
        (f'"other", {TAG}', True, False),
        (f'"a,b",{TAG} ', True, False),
        (f'"a",, {TAG},', True, False),
        (f"W/{TAG}", False, False),  # strong comparison
        ('"other"', False, False),
    ],
)
def test_if_match(value, there, missing):
    assert (failed(DIGEST, if_match=value) is None) is there
    assert (failed(None, if_match=value) is None) is missing


@pytest.mark.parametrize(
    ("value", "there"),
    [("*", False), (TAG, False), (f"W/{TAG}", False), ('"other"', True), (f'"x", W/{TAG}', False)],
)
def test_if_none_match(value, there):
    assert (failed(DIGEST, if_none_match=value) is None) is there
    assert failed(None, if_none_match=value) is None


def test_both_conditions_must_be_met_and_if_match_is_checked_first():
    assert failed(DIGEST, if_match='"x"', if_none_match="*") == "If-Match"
    assert failed(DIGEST, if_match=TAG, if_none_match="*") == "If-None-Match"
    assert failed(DIGEST) is None


@pytest.mark.parametrize(
    "value", ["", "abc", '"unclosed', '"a" "b"', "*, *", '"a",,b', "W/", "abc,"]
)
def test_invalid_list_of_tags_is_refused(value):
    if value == "":
        assert failed(DIGEST, if_match=value) == "If-Match"
        return
    with pytest.raises(HTTPException) as raised:
        failed(DIGEST, if_match=value)
    assert raised.value.status_code == 400
