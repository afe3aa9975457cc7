"""Detection of files that are still being written."""

import os
from pathlib import Path

import pytest

from nutgraf.api.cli.indexing.stable_files import StableFiles


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("one")
    return path


def test_file_is_stable_after_a_time_without_changes(file: Path) -> None:
    stable_files = StableFiles(1.0)
    stable_files.changed(str(file))
    assert stable_files.take_stable(10.0) == set()
    assert stable_files.take_stable(10.9) == set()
    file.write_text("one, two")
    assert stable_files.take_stable(11.1) == set()
    assert stable_files.take_stable(12.0) == set()
    assert stable_files.take_stable(12.2) == {str(file)}
    assert stable_files.take_stable(20.0) == set()  # It is returned only once.


def test_deleted_file_is_forgotten(file: Path) -> None:
    stable_files = StableFiles(1.0)
    stable_files.changed(str(file))
    stable_files.take_stable(1.0)
    file.unlink()
    assert stable_files.take_stable(9.0) == set()
    file.write_text("one")
    assert stable_files.take_stable(20.0) == set()


def test_changed_folder_means_all_of_its_files(file: Path, tmp_path: Path) -> None:
    stable_files = StableFiles(0.0)
    stable_files.changed(str(tmp_path))
    stable_files.take_stable(1.0)
    assert stable_files.take_stable(1.0) == {str(file)}


def test_folder_may_be_deleted_during_the_walk(
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


def test_file_that_was_just_written_is_new(file: Path, tmp_path: Path) -> None:
    assert StableFiles(60.0).is_new(str(file))
    assert not StableFiles(0.0).is_new(str(file))
    assert not StableFiles(60.0).is_new(str(tmp_path / "missing"))
