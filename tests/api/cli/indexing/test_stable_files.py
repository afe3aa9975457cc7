"""Files that are being written."""

import os
from pathlib import Path

import pytest

from nutgraf.api.cli.indexing.stable_files import StableFiles


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("one")
    return path


def test_a_file_settles_when_it_stays_as_it_is(file: Path) -> None:
    stable_files = StableFiles(1.0)
    stable_files.changed(str(file))
    assert stable_files.take_stable(10.0) == set()
    assert stable_files.take_stable(10.9) == set()
    file.write_text("one, two")
    assert stable_files.take_stable(11.1) == set()
    assert stable_files.take_stable(12.0) == set()
    assert stable_files.take_stable(12.2) == {str(file)}
    assert stable_files.take_stable(20.0) == set()  # It is told of once.


def test_what_is_gone_is_forgotten(file: Path) -> None:
    stable_files = StableFiles(1.0)
    stable_files.changed(str(file))
    stable_files.take_stable(1.0)
    file.unlink()
    assert stable_files.take_stable(9.0) == set()
    file.write_text("one")
    assert stable_files.take_stable(20.0) == set()


def test_of_a_folder_all_files_have_changed(file: Path, tmp_path: Path) -> None:
    stable_files = StableFiles(0.0)
    stable_files.changed(str(tmp_path))
    stable_files.take_stable(1.0)
    assert stable_files.take_stable(1.0) == {str(file)}


def test_a_folder_may_vanish_meanwhile(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def vanishing(path: str) -> object:
        if str(path).endswith("gone"):
            (tmp_path / "gone").rmdir()
        return scandir(path)

    (tmp_path / "gone").mkdir()
    monkeypatch.setattr(os, "scandir", vanishing)
    stable_files = StableFiles(0.0)
    stable_files.changed(str(tmp_path))
    assert not (tmp_path / "gone").exists()
    stable_files.take_stable(1.0)
    assert stable_files.take_stable(1.0) == {str(file)}


def test_what_was_just_written_is_new(file: Path, tmp_path: Path) -> None:
    assert StableFiles(60.0).is_new(str(file))
    assert not StableFiles(0.0).is_new(str(file))
    assert not StableFiles(60.0).is_new(str(tmp_path / "missing"))
