"""Files that are being written."""

import os
from pathlib import Path

import pytest

from nutgraf.api.cli.indexing.stable_files import Settling


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("one")
    return path


def test_a_file_settles_when_it_stays_as_it_is(file: Path) -> None:
    settling = Settling(1.0)
    settling.changed(str(file))
    assert settling.settled(10.0) == set()
    assert settling.settled(10.9) == set()
    file.write_text("one, two")
    assert settling.settled(11.1) == set()
    assert settling.settled(12.0) == set()
    assert settling.settled(12.2) == {str(file)}
    assert settling.settled(20.0) == set()  # It is told of once.


def test_what_is_gone_is_forgotten(file: Path) -> None:
    settling = Settling(1.0)
    settling.changed(str(file))
    settling.settled(1.0)
    file.unlink()
    assert settling.settled(9.0) == set()
    file.write_text("one")
    assert settling.settled(20.0) == set()


def test_of_a_folder_all_files_have_changed(file: Path, tmp_path: Path) -> None:
    settling = Settling(0.0)
    settling.changed(str(tmp_path))
    settling.settled(1.0)
    assert settling.settled(1.0) == {str(file)}


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
    settling = Settling(0.0)
    settling.changed(str(tmp_path))
    assert not (tmp_path / "gone").exists()
    settling.settled(1.0)
    assert settling.settled(1.0) == {str(file)}


def test_what_was_just_written_is_new(file: Path, tmp_path: Path) -> None:
    assert Settling(60.0).is_new(str(file))
    assert not Settling(0.0).is_new(str(file))
    assert not Settling(60.0).is_new(str(tmp_path / "missing"))
