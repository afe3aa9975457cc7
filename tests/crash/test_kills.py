"""A killed writer loses no acknowledged commit and leaves no partial one."""

from __future__ import annotations

import inspect
import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from crash_plan import Commit, Delete, Newsroom, Put, Reopen, Rest
from crash_trial import Trial
from crash_writer import REBUILD_STEPS, STEPS, After, AtFile, AtStep

import nutgraf.index
from nutgraf.index import create_index
from nutgraf.index.maintenance import switch
from nutgraf.index.writing import derived, parts

ROOT = Path(nutgraf.index.__file__).parent

A_NEW_INDEX_EVERY = 20
"""Kills per index; its dead rows grow with them."""

MERGES = 45
"""Writers in a row: enough for one to lose a deletion, if tantivy can lose it."""


def killed(outcome):
    """Tell whether the writer was killed; it may have finished before."""
    assert outcome.error is None
    assert outcome.killed or outcome.exit_code == 0
    return outcome.killed


def run_until_killed(trial, fate, **options):
    """Run writers until one is killed; a writer with little work may finish before."""
    while not killed(trial.run(fate, **options)):
        pass


@pytest.fixture
def survive(tmp_path, rng, tiny_encoder, embeddings, count_kill):
    """Return a function that kills a number of writers, each at a random moment.

    It uses several indexes.
    """

    def run(engine, number, draw_fate):
        done = 0
        while done < number:
            index = tmp_path / f"{done}.index"
            create_index(index, model=str(tiny_encoder), keyword_engine=engine)
            with closing(Trial(index, rng, embeddings, count_kill)) as trial:
                for _ in range(min(A_NEW_INDEX_EVERY, number - done)):
                    while not killed(trial.run(draw_fate(rng))):
                        pass
                    done += 1
            shutil.rmtree(index)

    return run


def share(kills, engine, part):
    """Return the number of kills for one test; `part` is a fraction of all kills.

    tantivy gets 80 % of these, whoosh 20 %.
    """
    return max(1, round(kills * part * (0.8 if engine == "tantivy" else 0.2)))


@pytest.mark.parametrize(
    ("job", "modules", "steps"),
    [("commit", (parts, derived), STEPS), ("rebuild", (switch,), REBUILD_STEPS)],
)
def test_every_step_is_known(job, modules, steps):
    source = "".join(map(inspect.getsource, modules))
    assert tuple(re.findall(rf'failpoint\("{job}", "(\w+)"\)', source)) == steps


def test_only_failpoint_raises_audit_events():
    raising = {path.name for path in ROOT.rglob("*.py") if "sys.audit(" in path.read_text("utf-8")}
    assert raising == {"failpoint.py"}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.both_engines
def test_kill_at_any_step_of_a_commit_loses_nothing(survive, kills, engine, step):
    number = share(kills, engine, 0.5 / len(STEPS))
    survive(engine, number, lambda rng: AtStep(step, rng.randint(1, 6)))


@pytest.mark.parametrize("engine", ["tantivy", "whoosh"])
def test_kill_before_any_file_operation_loses_nothing(survive, kills, engine):
    survive(engine, share(kills, engine, 0.15), lambda rng: AtFile(rng.randint(1, 120)))


@pytest.mark.parametrize("engine", ["tantivy", "whoosh"])
def test_kill_at_any_moment_loses_nothing(survive, kills, engine):
    survive(engine, share(kills, engine, 0.35), lambda rng: After(rng.uniform(0.0, 0.2)))


def test_first_deletion_of_a_writer_survives_a_merge(
    tmp_path, rng, tiny_encoder, embeddings, count_kill
):
    create_index(tmp_path / "news.index", model=str(tiny_encoder))
    newsroom = Newsroom(rng)
    operations = []
    for number in range(MERGES):
        # An article of the second-last commit; the last one deleted from the same segment.
        operations.append(Delete(f"goes-{number - 2}"))
        operations += [Put(newsroom.article(f"{fate}-{number}")) for fate in ("goes", "stays")]
        operations.append(Commit())
        if rng.random() < 0.3:
            # Wait for a merge of the previous writer, and commit to show it.
            operations += [Rest(), Put(newsroom.article("last")), Commit()]
        operations.append(Reopen())
    with closing(Trial(tmp_path / "news.index", rng, embeddings, count_kill)) as trial:
        assert not killed(trial.follow(operations, AtStep("keywords", 2 * len(operations))))


@pytest.mark.parametrize("step", REBUILD_STEPS)
@pytest.mark.parametrize("engine", ["tantivy", "whoosh"])
def test_killed_compaction_changes_no_visible_content(
    tmp_path, rng, tiny_encoder, embeddings, count_kill, engine, step
):
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder), keyword_engine=engine)
    with closing(Trial(index, rng, embeddings, count_kill)) as trial:
        run_until_killed(trial, AtStep("keywords", 5), steady=True)
        assert killed(trial.compact(AtStep(step)))
        run_until_killed(trial, AtStep("catalog", 5), steady=True)
        assert not killed(trial.compact(AtStep("removed", 2)))
