"""The progress bar of `nutgraf verify`."""

from io import StringIO

from rich.console import Console

from nutgraf.api.cli.verify_progress import VerifyProgress
from nutgraf.index import Article, IndexWriter, verify_index
from tests.api.conftest import make_tiny_index


def shown(terminal):
    output = StringIO()
    with VerifyProgress(Console(file=output, force_terminal=terminal, width=100)) as progress:
        progress.check("rows.i8", 0, 5_000)
        progress.check("suggestions", 0, 5_000)
        progress.check("suggestions", 2_000, 5_000)
        progress.check("suggestions", 2_001, 5_000)
    return output.getvalue()


def test_terminal_shows_the_part_and_its_rows():
    assert "suggestions" in shown(terminal=True)
    assert "2000/5000" in shown(terminal=True)


def test_nothing_is_shown_without_a_terminal():
    assert shown(terminal=False).strip() == ""


def test_every_part_tells_its_progress(tmp_path):
    texts = ("The ferry left.", "Nobody was hurt.")
    index = make_tiny_index(tmp_path)
    with IndexWriter(index) as writer:
        writer.put(Article("ferry", "On ferries", texts))
    reported = []
    assert verify_index(index, on_part=lambda *one: reported.append(one)).clean
    parts = dict.fromkeys(part for part, _, _ in reported)
    assert {
        "catalog.sqlite",
        "columns",
        "rows.i8",
        "suggestions.sqlite",
        "keywords",
    } <= parts.keys()
    for part in ("catalog.sqlite", "suggestions.sqlite"):
        assert max(one for one in reported if one[0] == part) == (part, len(texts), len(texts))
