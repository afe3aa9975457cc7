"""Invalid characters are removed from the fields of an article, and reported."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from nutgraf.index import Article
from nutgraf.index.sources.fields.clean import INVALID, LINE_END, clean_fields
from nutgraf.index.sources.items import Flagged
from tests.index.sources.test_read import read


def test_valid_fields_are_returned_unchanged():
    fields = {"title": "Mast\tfalls\n", "paragraphs": ["a\r\nb", "ü 😀"], "published": 3, "x": None}
    assert clean_fields(fields) == (fields, None)


def test_warning_names_the_fields():
    fields = {"title": "a\x00b", "paragraphs": ["c", "d\x85e", "\ud800f"], "source": "\x07 "}
    cleaned, warning = clean_fields(fields)
    assert cleaned == {"title": "ab", "paragraphs": ["c", "d\ne", "f"], "source": None}
    assert warning == (
        "invalid characters were removed from 'title', 'paragraphs[1]', 'paragraphs[2]', "
        "'source': control characters, or halves of characters"
    )


def test_warning_names_few_of_many_fields():
    _, warning = clean_fields({"paragraphs": ["a\x00"] * 9})
    assert "'paragraphs[4]' and 4 more: " in warning


def test_id_is_not_changed():
    assert clean_fields({"id": "a\x00"}) == ({"id": "a\x00"}, None)


@given(st.text(st.characters(), min_size=1))
def test_cleaned_text_can_be_stored(text):
    cleaned, warning = clean_fields({"text": text})
    assert (warning is None) == (cleaned["text"] == text)
    if cleaned["text"].strip():
        Article("a", "T", (cleaned["text"],))
    assert clean_fields(cleaned) == (cleaned, None)


def test_printable_characters_are_valid():
    # So a printable text needs no search for invalid characters.
    signs = map(chr, [*range(0x3000), *range(0xD800, 0xE000)])
    invalid = [sign for sign in signs if INVALID.match(sign) or LINE_END.match(sign)]
    assert len(invalid) > 2_000
    assert not any(map(str.isprintable, invalid))


def test_article_with_an_invalid_paragraph_is_indexed_and_flagged(tmp_path):
    file = tmp_path / "news.jsonl"
    texts = [f"Paragraph {n}." for n in range(12)]
    texts[7] = "The ferry \x00stopped."
    file.write_text(json.dumps({"id": "a", "title": "Ferry", "paragraphs": texts}))
    flagged, article = read(file)
    assert isinstance(flagged, Flagged)
    assert "'paragraphs[7]'" in flagged.reason
    assert len(article.paragraphs) == 12
    assert article.paragraphs[7] == "The ferry stopped."


def test_nested_values_and_keys_are_cleaned():
    extra = {"a\x00": ["b\ud800", {"c": "d\x01"}], "e": [1, None, "f"]}
    cleaned, warning = clean_fields({"extra": extra})
    assert cleaned == {"extra": {"a": ["b", {"c": "d"}], "e": [1, None, "f"]}}
    assert "removed from 'extra'" in (warning or "")
    assert cleaned["extra"]["e"] is extra["e"]


@pytest.mark.parametrize("name", ["url", "image"])
def test_addresses_that_are_not_on_the_web_are_removed(name):
    cleaned, warning = clean_fields({name: "java\x00script:alert(1)", "title": "data:x"})
    assert cleaned == {name: None, "title": "data:x"}
    assert f"'{name}' was removed: 'javascript:alert(1)' does not begin with http" in warning
    relative = {name: "/a.html"}
    assert clean_fields(relative) == (relative, None)
