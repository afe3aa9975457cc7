"""Articles from mappings: lists, `extra` and unknown fields."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from nutgraf.index.errors import InputError
from nutgraf.index.fields.values import MAX_EXTRA
from nutgraf.index.sources.fields.article import article_of
from nutgraf.index.sources.fields.columns import rename

GOOD = {"id": "a", "title": "T", "text": "Text."}


def read(**fields):
    return article_of({**GOOD, **fields}, lambda: "none")


def test_lists_may_be_one_text_and_single_fields_lists():
    found = read(tags=" sea ", author=["Ann Lee ", "Bo Poe"], section=["news", "sea"]).article
    assert found.tags == ("sea",)
    assert (found.author, found.byline) == ("Ann Lee, Bo Poe", ("Ann Lee", "Bo Poe"))
    assert (found.section, found.sections) == ("news", ("news", "sea"))
    for wrong in (3, {"name": "x"}, True):
        with pytest.raises(InputError, match="'tags' must be a list of texts, got"):
            read(tags=wrong)
    with pytest.raises(InputError, match=r"'tags\[1\]' must be text, got a number"):
        read(tags=["a", 1])


def test_unknown_fields_go_into_extra_and_are_named():
    found = read(topic="economy", words=300, nothing=None, extra={"x": [1]})
    assert found.article.extra == {"x": [1], "topic": "economy", "words": 300}
    assert (found.unknown, found.warning) == (("topic", "words"), None)
    seen = read(seen=date(2023, 1, 4), at=datetime(2023, 1, 4, 9, tzinfo=UTC)).article
    assert seen.extra == {"seen": "2023-01-04", "at": "2023-01-04T09:00:00+00:00"}
    with pytest.raises(InputError, match="'x' is given twice: beside 'extra' and in it"):
        read(x=2, extra={"x": 1})
    with pytest.raises(
        InputError, match=r"'extra' is .* at most 16,384 are allowed, and 'y' alone"
    ):
        read(extra={"y": "x" * MAX_EXTRA})


def test_unknown_fields_that_do_not_fit_are_left_out_with_a_warning():
    found = read(html="x" * MAX_EXTRA, topic="sea", ratio=float("nan"), ids={1})
    assert found.article.extra == {"topic": "sea"}
    assert found.unknown == ("topic",)
    assert "'html' takes 16,395 bytes, and 'extra' has 16,384 for all" in found.warning
    assert "'ratio' is not valid JSON" in found.warning
    assert "'ids' is not valid JSON" in found.warning
    halves = read(one="x" * 9_000, two="y" * 9_001)
    assert halves.unknown == ("one",)
    with_extra = read(extra={"x": "x" * (MAX_EXTRA - 20)}, topic="a long topic")
    assert with_extra.unknown == ()
    assert "topic" in with_extra.warning


def test_mapped_fields_are_known():
    fields = {**GOOD, "keywords": ["a"], "topic": "b", "body": "c"}
    renamed = rename(fields, {"tags": "keywords", "section": "topic"})
    found = article_of(renamed, lambda: "none")
    assert (found.article.tags, found.article.section) == (("a",), "b")
    assert found.article.extra == {"body": "c"}
