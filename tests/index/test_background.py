"""A background job starts when it is due, runs alone, and keeps its error."""

import threading

import pytest

from nutgraf.index.background import BackgroundJob
from nutgraf.index.errors import BrokenIndexError


class Counter(BackgroundJob[int]):
    """A job that is due for each 10 rows, and notes the rows for which it ran."""

    def __init__(self):
        super().__init__("nutgraf-counter", 0, "the rows could not be counted")
        self.done = [0]
        self.go_on = threading.Event()
        self.go_on.set()
        self.failure = None

    def _is_due(self):
        return self.newest - self.done[-1] >= 10

    def _run(self):
        if self.failure is not None:
            raise self.failure
        self.go_on.wait()
        self.done.append(self.newest)


def test_job_starts_only_when_it_is_due():
    job = Counter()
    job.wait()
    job.follow(9)
    job.wait()
    assert job.done == [0]
    job.follow(10)
    job.wait()
    assert job.done == [0, 10]


def test_job_runs_once_at_a_time_and_then_for_the_newest_state():
    job = Counter()
    job.go_on.clear()
    before = threading.active_count()
    for rows in (10, 20, 30):
        job.follow(rows)
        assert threading.active_count() == before + 1
    job.go_on.set()
    job.wait()
    assert job.done[-1] == 30
    assert threading.active_count() == before


@pytest.mark.parametrize("error", [BrokenIndexError("it is broken"), OSError("no disk")])
def test_error_is_logged_and_kept_until_the_next_start(error, caplog):
    job = Counter()
    job.failure = error
    job.follow(10)
    job.wait()
    assert job.error is error
    assert f"the rows could not be counted: {error}" in caplog.text
    job.failure = None
    job.wait()
    assert job.error is None
    assert job.done == [0, 10]


def test_too_little_memory_is_an_error_like_others(caplog):
    job = Counter()
    job.failure = MemoryError("std::bad_alloc")
    job.follow(10)
    job.wait()
    assert isinstance(job.error, OSError)
    assert "the rows could not be counted: [Errno 12] Cannot allocate memory" in caplog.text


def test_thread_does_not_keep_a_process_alive():
    job = Counter()
    job.go_on.clear()
    job.follow(10)
    (thread,) = (each for each in threading.enumerate() if each.name == "nutgraf-counter")
    assert thread.daemon
    job.go_on.set()
    job.wait()
