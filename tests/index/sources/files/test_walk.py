"""Folders: each file is read once despite links; only regular files are opened."""

import errno
import os
from pathlib import Path

import pytest

from nutgraf.index.sources import Rejected, Skipped, read_sources, total_bytes
from nutgraf.index.sources.files.walk import walk

ARTICLE = "Mast falls\n\nIt fell at noon."


def names(folder: Path) -> list[str]:
    return [str(found.relative_to(folder)) for found in walk(folder) if isinstance(found, Path)]


def told(folder: Path) -> list[str]:
    """Return the reports on paths that are not read."""
    return [str(found) for found in walk(folder) if not isinstance(found, Path)]


def test_files_are_sorted_before_subfolders_and_hidden_ones_are_skipped(tmp_path):
    for name in ("b/z/1.txt", "b/2.txt", "a/3.txt", "c.txt", ".d/4.txt", "a/.5.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path) == ["c.txt", "a/3.txt", "b/2.txt", "b/z/1.txt"]


def test_loop_of_links_ends_and_is_reported(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self").symlink_to("self")
    (tmp_path / "in" / "deep" / "1.txt").touch()
    assert names(tmp_path) == ["in/deep/1.txt"]
    loop, no_target = sorted(told(tmp_path))
    assert "self: the link leads to" in no_target
    assert loop.endswith(f"up: the link leads to {tmp_path / 'in'}, which is read anyway")


def test_links_out_of_the_folder_are_followed_once(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "1.txt").touch()
    (outside / "back").symlink_to(inside)
    (inside / "a").symlink_to(outside)
    (inside / "b").symlink_to(outside)
    (inside / "c.txt").symlink_to(outside / "1.txt")
    (inside / "z.txt").touch()
    assert names(inside) == ["z.txt", "a/1.txt"]
    assert [line.split(":")[0].rsplit("/", 1)[1] for line in told(inside)] == ["b", "c.txt", "back"]


def test_linked_file_outside_the_folder_is_read(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out.txt").touch()
    (tmp_path / "in" / ".hidden.txt").touch()
    (tmp_path / "in" / "a.txt").symlink_to(tmp_path / "out.txt")
    (tmp_path / "in" / "b.txt").symlink_to(tmp_path / "in" / ".hidden.txt")
    assert names(tmp_path / "in") == ["a.txt", "b.txt"]


def test_pipe_is_never_opened(tmp_path):
    (tmp_path / "in").mkdir()
    os.mkfifo(tmp_path / "in" / "news.jsonl")
    assert told(tmp_path) == [
        f"{tmp_path}/in/news.jsonl: it is a pipe, a socket or a device, not a file"
    ]
    (rejected,) = read_sources([str(tmp_path / "in" / "news.jsonl")])
    assert isinstance(rejected, Rejected)
    assert "use '-'" in rejected.reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_folder_and_file_are_reported(tmp_path):
    (tmp_path / "shut").mkdir(mode=0)
    (tmp_path / "shut.txt").write_text(ARTICLE)
    (tmp_path / "shut.txt").chmod(0)
    folder, file = read_sources([str(tmp_path)])
    assert str(folder).endswith("shut: the folder cannot be read: Permission denied")
    assert str(file).endswith("shut.txt: the file cannot be read: Permission denied")


def test_names_that_are_too_long_are_reported_and_the_rest_is_read(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").symlink_to("n" * 300)
    (tmp_path / "in" / "b.txt").write_text(ARTICLE)
    sources = [str(tmp_path / "in"), "n" * 300]
    article, link, named = read_sources(sources)
    assert (article.id, type(link), type(named)) == ("b", Skipped, Rejected)
    assert str(link).endswith("which does not exist")
    assert named.reason == "the path cannot be read: File name too long"
    assert total_bytes(sources) == len(ARTICLE)


def test_link_with_an_unreadable_target_is_reported(tmp_path, monkeypatch):
    stat = Path.stat

    def refused(path, **_):
        if path.name == "a.txt":
            raise PermissionError(errno.EACCES, "Permission denied")
        return stat(path)

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").symlink_to(tmp_path / "shut" / "a.txt")
    (tmp_path / "in" / "b.txt").touch()
    monkeypatch.setattr(Path, "stat", refused)
    assert names(tmp_path / "in") == ["b.txt"]
    (rejected,) = (found for found in walk(tmp_path / "in") if isinstance(found, Rejected))
    assert rejected.reason.endswith("a.txt, which cannot be read: Permission denied")
