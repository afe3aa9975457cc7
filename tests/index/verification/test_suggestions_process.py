"""The process that compares the suggestions finds the same as without it."""

import sqlite3
from contextlib import closing

import pytest

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.verification import suggestions_process, verify_index
from nutgraf.index.verification.suggestions_process import SuggestionsProcess


@pytest.fixture
def index(tmp_path, tiny_encoder):
    made = tmp_path / "news.index"
    create_index(made, model=str(tiny_encoder))
    with IndexWriter(made) as writer:
        writer.put(Article("ferry", "On ferries", ("The ferry to Oslo left.", "Nobody waited.")))
    return made


@pytest.fixture
def every_size(monkeypatch):
    """Use the process for an index of any size, and count its uses."""
    used = []

    class Counted(SuggestionsProcess):
        def differences(self, on_rows):
            used.append(super().differences(on_rows))
            return used[-1]

    monkeypatch.setattr(suggestions_process, "LEAST_ROWS", 0)
    monkeypatch.setattr(suggestions_process, "usable_cpus", lambda: 2)
    monkeypatch.setattr("nutgraf.index.verification.verify.SuggestionsProcess", Counted)
    return used


def test_process_finds_the_same_differences(index, monkeypatch, every_size):
    with closing(sqlite3.connect(index / "suggestions.sqlite")) as connection, connection:
        connection.execute("UPDATE terms SET count = 7")
        connection.execute("DELETE FROM titles")
    found = verify_index(index).findings
    assert every_size[0].count > len(every_size[0].examples)
    monkeypatch.setattr(suggestions_process, "usable_cpus", lambda: 1)
    assert found == verify_index(index).findings
    assert len(every_size) == 1


def test_suggestions_are_compared_without_the_process_if_it_fails(index, monkeypatch, every_size):
    monkeypatch.setattr(suggestions_process, "MODULE", "nutgraf.no_such_module")
    assert verify_index(index).clean
    assert every_size == [None]
