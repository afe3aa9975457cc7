"""Errors of the system in a command: the message has the place and the next step."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from nutgraf.api.cli import main
from nutgraf.api.cli.system_errors import ADVICE, is_fault_of_user, system_error


@pytest.mark.parametrize("number", ADVICE)
def test_message_has_place_cause_and_next_step(number):
    error = OSError(number, os.strerror(number), "news.index/rows.i8")
    assert system_error(error) == (f"news.index/rows.i8: {os.strerror(number)}; {ADVICE[number]}")


def test_fault_of_the_user_or_of_the_machine():
    assert is_fault_of_user(PermissionError(errno.EACCES, "Permission denied", "x"))
    assert is_fault_of_user(OSError(errno.ENOSPC, "No space left on device", "x"))
    assert not is_fault_of_user(OSError(errno.EIO, "Input/output error", "x"))
    assert not is_fault_of_user(OSError(errno.EBADF, "Bad file descriptor"))
    assert not is_fault_of_user(MemoryError())


def test_error_without_a_file_or_a_known_number():
    assert system_error(OSError(errno.EBADF, "Bad file descriptor")) == "Bad file descriptor"
    assert system_error(OSError("odd")) == "odd"
    assert system_error(MemoryError()).startswith("the memory is used up; ")


def test_file_in_the_place_of_a_folder_is_told(seeds_index, tmp_path, capfd):
    index = Path(shutil.copytree(seeds_index, tmp_path / "i"))
    shutil.rmtree(index / "columns")
    (index / "columns").write_text("not a folder")
    assert main.run(["search", "flood", "-i", str(index)]) in (1, 2)
    error = capfd.readouterr().err
    assert "columns" in error
    assert "move it away" in error or "nutgraf repair" in error
