"""Lists, `extra` and addresses of an article."""

from __future__ import annotations

import pytest

from nutgraf.index.article import Article
from nutgraf.index.errors import InputError
from nutgraf.index.fields.values import MAX_EXTRA, has_other_scheme


def article(**fields):
    return Article("a", "Title", ("Text.",), **fields)


def test_section_and_author_follow_from_the_lists_and_the_other_way():
    one = article(section="world", author="Ann Lee")
    assert (one.sections, one.byline) == (("world",), ("Ann Lee",))
    assert one.digest() == article(sections="world", byline=["Ann Lee"]).digest()
    several = article(sections=["news", "world", "news", " "], byline=("Ann Lee", "Bo Poe"))
    assert (several.section, several.sections) == ("news", ("news", "world"))
    assert (several.author, several.byline) == ("Ann Lee, Bo Poe", ("Ann Lee", "Bo Poe"))
    both = article(section="sea", sections=["news", "sea"], author="By Ann", byline="Ann Lee")
    assert both.sections == ("sea", "news")
    assert (both.author, both.byline) == ("By Ann", ("Ann Lee",))
    longest = article(section="s" * 4_096, byline=[f"{at:03} {'n' * 500}" for at in range(100)])
    assert longest.sections == ("s" * 4_096,)
    assert len(longest.author or "") <= 4_096


def test_article_without_new_fields_keeps_its_digest():
    old = article(section="world", author="Ann Lee", url="/a", published="2023-01-04")
    assert old.digest().hex() == "563073a89fd6f1e57741565f860b2f5e"
    for fields in (
        {"summary": "Short."},
        {"image": "/i.jpg"},
        {"tags": ["sea"]},
        {"sections": ["world", "sea"]},
        {"byline": ["Ann", "Lee"]},
        {"extra": {"topic": 1}},
    ):
        assert article(**fields).digest() != article().digest(), fields
    assert article(extra={}).digest() == article().digest()
    # The order of the keys is no content.
    one, other = article(extra={"a": 1, "b": 2}), article(extra={"b": 2, "a": 1})
    assert one.digest() == other.digest()
    assert list(other.extra or {}) == ["b", "a"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tags": ["x" * 10_000]}, r"'tags\[0\]' is 10,000 characters long; at most 512"),
        ({"tags": list(map(str, range(101)))}, "'tags' has 101 values; at most 100 are allowed"),
        ({"tags": 3}, "'tags' must be a list of texts, got int"),
        ({"byline": ["Ann", None]}, r"'byline\[1\]' must be text, got NoneType"),
        ({"sections": ["a\x00"]}, r"'sections\[0\]' contains a NUL byte"),
        ({"extra": ["a"]}, "'extra' must be an object, got list"),
        ({"extra": {"small": 1, "big": "x" * MAX_EXTRA}}, "'big' alone has 16,386"),
        ({"extra": {"a": float("inf")}}, "'extra' is not valid JSON: Out of range float"),
        ({"extra": {"a": {1, 2}}}, "'extra' is not valid JSON: Object of type set"),
        ({"extra": {"a": "\ud800"}}, "'extra' contains half a surrogate pair"),
        ({"url": "javascript:alert(1)"}, "'url' is 'javascript:alert"),
        ({"image": "data:text/html,x"}, "'image' is 'data:text/html,x', which is not a web"),
        ({"section": ""}, "'section' is empty"),
        ({"author": 3}, "'author' must be text, got int"),
    ],
)
def test_invalid_values_are_refused_with_field_and_limit(fields, message):
    with pytest.raises(InputError, match=message):
        article(**fields)


def test_deep_and_endless_objects_are_refused():
    deep: list[object] = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(InputError, match="nested more than 32 levels deep"):
        article(extra={"a": deep})
    endless: list[object] = []
    endless += [endless, endless]
    with pytest.raises(InputError, match="more than 16,384 parts"):
        article(extra={"a": endless})


def test_extra_is_a_copy_in_the_form_of_json():
    given = {"a": (1, 2), 3: None, "é": [True, 0.5, {"x": {}}]}
    found = article(extra=given).extra
    assert found == {"a": [1, 2], "3": None, "é": [True, 0.5, {"x": {}}]}
    assert article(extra={"x": "é" * (MAX_EXTRA // 2 - 5)}).extra


@pytest.mark.parametrize(
    ("address", "other"),
    [
        ("https://example.org/a", False),
        ("HTTP://example.org", False),
        ("/a/b", False),
        ("//cdn.example.org/x:y", False),
        ("a/b:c", False),
        ("javascript:alert(1)", True),
        (" Java\nScript:alert(1)", True),
        ("\x01javascript:alert(1)", True),
        ("data:text/html;base64,x", True),
        ("file:///etc/passwd", True),
    ],
)
def test_schemes_other_than_the_web_are_found(address, other):
    assert has_other_scheme(address) == other
