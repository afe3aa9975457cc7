"""The choice of the reader for a file."""

import json

import pytest

from nutgraf.index.article import Article
from nutgraf.index.sources import Rejected, Skipped, read_sources
from nutgraf.index.sources.formats.registry import ENDINGS, KINDS, kind_by_content, kind_of

LINE = json.dumps({"title": "T", "text": "P"}).encode() + b"\n"


@pytest.mark.parametrize(
    ("head", "ending", "name"),
    [
        (LINE, ".jsonl", "JSONL"),
        (LINE, "", "JSONL"),
        (b"\xef\xbb\xbf" + LINE, ".dat", "JSONL"),
        (b"A title", ".txt", "plain text"),
        (b"A title", "", None),
        (b'{"question": "who?"}\n', "", None),
        (b'{"question": "who?"}\n', ".ndjson", "JSONL"),
        (b"\xff\xd8", ".jpg", None),
        (b"[" * 60_000, "", None),
        (b"{" * 60_000, "", None),
        (b"", "", None),
    ],
)
def test_content_overrides_the_name(head, ending, name):
    kind = kind_of(head, ending)
    assert (kind and kind.name) == name


def test_no_two_kinds_share_an_ending():
    assert len(set(ENDINGS)) == len(ENDINGS)
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert all(ending == ending.lower() and ending.startswith(".") for ending in ENDINGS)


def test_empty_file_has_no_kind_by_content():
    assert kind_by_content(b"") is None


def test_files_without_an_ending_are_read_by_content(tmp_path):
    (tmp_path / "news?day=5").write_bytes(LINE)
    (tmp_path / "README").write_text("What this is\n\nNews.")
    article, left_out = read_sources([str(tmp_path)])
    assert isinstance(article, Article)
    assert article.id == "news?day=5:1"
    assert isinstance(left_out, Skipped)
    assert "1 of no ending" in left_out.reason
    (rejected,) = read_sources([str(tmp_path / "README")])
    assert isinstance(rejected, Rejected)
    assert "no reader accepts this content; supported are .jsonl" in rejected.reason
