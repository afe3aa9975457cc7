"""An index whose writers are killed, with its expected content."""

from __future__ import annotations

from crash_checks import assert_encoded, assert_holds, assert_sound, assert_suggests
from crash_plan import Newsroom, Put, states, word_of
from crash_writer import AtStep, run_compaction, run_writer

from nutgraf.index import IndexSnapshot, IndexWriter

BATCHES = 8
"""Batches for one writer: about 0.2 seconds of work."""

SAVE_EVERY = 6
"""Paragraphs between automatic saves; every second one is a commit."""

FAR = 1_000_000
"""Paragraphs between automatic saves where none must happen."""


class Trial:
    """One index, its killed writers, and its expected content."""

    def __init__(self, index, rng, embeddings, count_kill):
        self.index = index
        self._rng = rng
        self._embeddings = embeddings
        self._count_kill = count_kill
        self._newsroom = Newsroom(rng)
        self._states = {0: {}}
        self.sequence = self._shown = 0
        self._words = set()
        self._reader = IndexSnapshot.open(index, trust=True)

    def run(self, fate, *, steady=False):
        """Run one writer until its fate; check the index before and after recovery.

        A `steady` writer commits each batch and is not replaced by another one.
        """
        asking = steady or self._rng.random() < 0.75
        plan = self._newsroom.plan(
            self._states[self.sequence], BATCHES, asking=asking, reopening=not steady
        )
        return self.follow(plan, fate, FAR if asking else SAVE_EVERY)

    def follow(self, operations, fate, save_every=FAR):
        """Run one writer over the given operations; check the index like `run`."""
        before = self._states[self.sequence]
        self._words |= {word_of(one.article) for one in operations if isinstance(one, Put)}
        outcome = run_writer(self.index, operations, fate, save_every)
        print(fate, outcome)  # noqa: T201
        after = states(before, operations)
        self._shown = self.sequence + outcome.shown
        for done in outcome.saved:
            self.sequence += 1
            self._states[self.sequence] = after[done]
        if outcome.begun > max(outcome.saved, default=0):
            self._states[self.sequence + 1] = after[outcome.begun]
        self._close_round(outcome)
        return outcome

    def compact(self, fate):
        """Run a compaction until its fate; check that the content is unchanged."""
        self._reader.warm()  # Compaction deletes files that this reader has not opened yet.
        outcome = run_compaction(self.index, fate)
        print(fate, outcome)  # noqa: T201
        with IndexSnapshot.open(self.index, trust=True) as snapshot:
            # Compaction chooses the sequence of its commit.
            self._states[snapshot.sequence] = self._states[self.sequence]
            self.sequence = self._shown = snapshot.sequence
        self._close_round(outcome)
        return outcome

    def close(self):
        self._reader.close()

    def _close_round(self, outcome):
        if outcome.killed:
            self._count_kill()
        self._check_newest()
        self._recover()
        self._check_newest()
        assert_sound(self.index)
        self._check(self._reader)
        if self._rng.random() < 0.4:
            self._reader.close()
            self._reader = IndexSnapshot.open(self.index, trust=True)
        self._states = {at: self._states[at] for at in (self._reader.sequence, self.sequence)}

    def _recover(self):
        if self._rng.random() < 0.3:
            step = self._rng.choice(("columns", "suggestions", "keywords"))
            if run_writer(self.index, (), AtStep(step)).killed:
                self._count_kill()
            self._check_newest()
        with IndexWriter(self.index, trust=True) as opened:
            assert opened.sequence in (self.sequence, self.sequence + 1)
            self.sequence = self._shown = opened.sequence

    def _check_newest(self):
        with IndexSnapshot.open(self.index, trust=True) as snapshot:
            assert snapshot.sequence >= self._shown, "an acknowledged commit is not visible"
            self._check(snapshot)
            assert_encoded(snapshot, self._embeddings)
            near = [self._states[at] for at in self._states if at >= snapshot.sequence]
            assert_suggests(snapshot, near, self._words)

    def _check(self, snapshot):
        assert_holds(snapshot, self._states[snapshot.sequence], self._words, self._embeddings)
