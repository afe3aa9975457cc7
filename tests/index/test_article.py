"""Article: accepted and refused fields, digests and ids."""

import hashlib
import json

import pytest

from nutgraf.index.article import (
    MAX_PARAGRAPH,
    Article,
    Paragraph,
    split_paragraph_id,
    timestamp,
)
from nutgraf.index.errors import InputError


def article(**fields):
    return Article(**{"id": "a", "title": "T", "paragraphs": ("one", "two"), **fields})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"id": ""}, "'id' is empty; give a value$"),
        ({"id": "x" * 600}, "'id' is 600 characters long"),
        ({"id": "a\nb"}, "'id' holds a control character"),
        ({"id": "a\x9b"}, "'id' holds a control character"),
        ({"title": "  "}, "'title' is empty"),
        ({"paragraphs": ()}, "'paragraphs' is empty"),
        ({"paragraphs": ("ok", " ")}, r"'paragraphs\[1\]' is empty; give a value, or omit it$"),
        ({"paragraphs": ("x" * (MAX_PARAGRAPH + 1),)}, r"'paragraphs\[0\]' is 100,001 characters"),
        ({"published": "2023-13-01"}, "'published' is '2023-13-01', which is not a valid date"),
        ({"published": "soon"}, "write it as 2023-01-04"),
        ({"source": "a\x00b"}, "'source' contains a NUL byte at character 1; remove it"),
        (
            {"title": "bad \ud800"},
            "'title' contains half a surrogate pair at character 4; remove it",
        ),
    ],
)
def test_error_names_the_wrong_field(fields, words):
    with pytest.raises(InputError, match=words):
        article(**fields)


def test_text_is_stored_unchanged():
    odd = "  שלום 🚀 <b>&amp;\tnaïve "
    assert article(paragraphs=(odd,)).paragraphs == (odd,)


def test_digest_covers_all_fields():
    one = article(source="Søt", published="2023-01-04")
    names = ("id", "title", "paragraphs", "url", "source", "author", "section", "published")
    content = {name: getattr(one, name) for name in (*names, "language")}
    packed = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    assert one.digest() == hashlib.blake2b(packed.encode(), digest_size=16).digest()


def test_digest_changes_with_every_field():
    same = article()
    assert same.digest() == article().digest()
    for change in (
        {"title": "U"},
        {"paragraphs": ("one two",)},
        {"paragraphs": ("two", "one")},
        {"source": "S"},
        {"author": "S"},
        {"published": "2023-01-04"},
    ):
        assert article(**change).digest() != same.digest()


def test_paragraph_id():
    assert Paragraph(7, "some/id", 12, "text").id == "some/id#12"


@pytest.mark.parametrize(
    ("published", "seconds"),
    [
        ("1970-01-01", 0),
        ("1970-01-02", 86_400),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:05", 5),
        ("1969-12-31", -86_400),
    ],
)
def test_timestamp(published, seconds):
    assert timestamp(published) == seconds


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"paragraphs": "abc"}, "'paragraphs' must be a list of texts, got text"),
        ({"paragraphs": (1,)}, r"'paragraphs\[0\]' must be text, got int"),
        ({"id": 5}, "'id' must be text, got int"),
        ({"title": None}, "'title' must be text, got NoneType"),
    ],
)
def test_error_names_the_field_of_a_wrong_type(fields, message):
    with pytest.raises(InputError, match=message):
        Article(**{"id": "a", "title": "T", "paragraphs": ("x",), **fields})


def test_paragraphs_may_be_a_list():
    assert Article("a", "T", ["x", "y"]) == Article("a", "T", ("x", "y"))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a#0", ("a", 0)),
        ("a#b#12", ("a#b", 12)),
        ("sea/a#7", ("sea/a", 7)),
        ("a", None),
        ("a#", None),
        ("a#-1", None),
        ("a#1.5", None),
        ("a#٣", None),
        ("a#1234567890", None),
        ("7", None),
    ],
)
def test_paragraph_ids_are_split(name, parts):
    assert split_paragraph_id(name) == parts
