"""A writer reports a full disk and loses no acknowledged commit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest
from crash_checks import assert_holds, assert_sound
from crash_plan import Newsroom, word_of
from crash_trial import Trial
from crash_writer import FullFrom

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index

NUTGRAF = Path(sys.executable).with_name("nutgraf")

BLOCK = 512
"""Bytes per unit of `ulimit -f` in a POSIX shell."""

ENOUGH = 65_536
"""Bytes per file that are enough, or nearly enough, for the command to succeed."""

FULL_FROM = {
    "rows.i8": ("encoded", 1),
    "catalog": ("embeddings", 1),
    "columns": ("catalog", 1),
    "suggestions": ("columns", 2),  # Opening also reaches these steps.
    "keywords": ("suggestions", 2),
}
"""The step before each part is written; from then on the disk is full."""


DURABLE = {"columns", "suggestions", "keywords"}
"""Parts that are rebuilt from the others.

A commit that fails while these are written is kept, although it was not acknowledged.
"""


@pytest.mark.parametrize("part", FULL_FROM)
@pytest.mark.parametrize("engine", ["tantivy", "whoosh"])
def test_commit_on_a_full_disk_is_complete_or_absent(
    tmp_path, rng, tiny_encoder, embeddings, count_kill, engine, part
):
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder), keyword_engine=engine)
    step, nth = FULL_FROM[part]
    with closing(Trial(index, rng, embeddings, count_kill)) as trial:
        for limit in (0, 100, 1_000, 5_000):
            before = trial.sequence
            outcome = trial.run(FullFrom(step, limit, nth + rng.randint(0, 2)), steady=True)
            assert outcome.exit_code == 0
            if limit == 0:
                assert outcome.error
                assert trial.sequence == before + len(outcome.saved) + (part in DURABLE)


@pytest.mark.parametrize(
    ("engine", "limit"),
    [
        *(("tantivy", limit) for limit in (0, 2_048, 20_480, 40_960, 65_536, 163_840)),
        *(("whoosh", limit) for limit in (0, 40_960)),
    ],
)
def test_command_line_reports_a_full_disk(tmp_path, rng, tiny_encoder, embeddings, engine, limit):
    index, source = tmp_path / "news.index", tmp_path / "second.jsonl"
    create_index(index, model=str(tiny_encoder), keyword_engine=engine)
    newsroom = Newsroom(rng)
    first, second = newsroom.articles(50), newsroom.articles(60)
    source.write_text("".join(f"{json.dumps(asdict(article))}\n" for article in second.values()))
    with IndexWriter(index, trust=True) as writer:
        for article in first.values():
            writer.put(article)
    words = {word_of(article) for article in (*first.values(), *second.values())}

    def check():
        with IndexSnapshot.open(index, trust=True) as snapshot:
            assert_holds(snapshot, {1: first, 2: second}[snapshot.sequence], words, embeddings)

    done = run_limited(limit, "index", source, "-i", index, "--trust")
    assert "Traceback" not in done.stderr
    assert "bug in nutgraf" not in done.stderr
    if limit < ENOUGH or done.returncode:
        assert done.returncode == 2
        assert "there is no room to write" in done.stderr
        assert done.stderr.startswith("nutgraf: ")
    check()
    with IndexWriter(index, trust=True) as recovered:
        if done.returncode == 0:
            assert recovered.sequence == 2
    check()
    assert_sound(index)


def run_limited(limit, *arguments):
    """Run `nutgraf` with files limited to `limit` bytes."""
    return subprocess.run(
        ["sh", "-c", f'ulimit -f {limit // BLOCK}; exec "$@"', "sh", NUTGRAF, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )


def test_search_works_on_a_full_disk(tmp_path, tiny_encoder):
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder))
    with IndexWriter(index) as writer:
        writer.put(Article("ferry", "On ferries", ("The ferry left the harbour.",)))
    for command in (["search", "ferry"], ["stats"], ["show", "ferry"]):
        done = run_limited(0, *command, "-i", index, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)
