"""Damage: every file of an index is truncated or has single bits flipped.

A search returns the answers of the sound index, or raises an error with a remedy.
Where a file has no checksums, mainly in SQLite's pages, an answer can be wrong;
then verification must report the damage.

    NUTGRAF_FLIPS=5000 NUTGRAF_SEED=7 python -m pytest tests/crash/test_damage.py
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.errors import NutgrafError
from nutgraf.index.verification import verify_index
from nutgraf.search import Filters, Searcher, SearchRequest

THOROUGH = "NUTGRAF_FLIPS" in os.environ
FLIPS = int(os.environ.get("NUTGRAF_FLIPS", "40"))
"""Bits to flip in each of 4 indexes, one at a time."""

SEED = int(os.environ["NUTGRAF_SEED"])

SHARED = "This notice, about corrections, stands below many articles of the newspaper."

WORDS = re.findall(
    r"\w+",
    "ferry harbour dawn storm bakers bread price council bridge vote river flood mayor budget "
    "school teachers strike wages union railway night train delay passenger island",
)

HELPS = re.compile(
    r"restore|repair|nutgraf verify|open the index|index the articles|copy|put the right|install"
)
"""Remedies: each error must contain one of these words."""


@dataclass(frozen=True)
class Damage:
    """A file with its damaged content, or None if it is deleted."""

    file: str
    how: str
    content: bytes | None

    def __str__(self) -> str:
        return f"{self.file} {self.how}"

    def do(self, index: Path) -> None:
        """Write the damage to a new inode, because the old one may be mapped."""
        path = index / self.file
        path.unlink()
        if self.content is not None:
            path.write_bytes(self.content)


def article(number: int, version: int = 0) -> Article:
    chance = random.Random(f"{number} {version}")
    texts = [" ".join(chance.choices(WORDS, k=12)) + "." for _ in range(1 + number % 3)]
    return Article(
        f"article-{number}",
        " ".join(chance.choices(WORDS, k=4)).title(),
        (*texts, SHARED),
        url=f"https://example.org/{number}",
        source=("The Herald", "Le Courrier", None)[number % 3],
        author=("Zoë Ångström", None)[number % 2],
        section=("News", "Sport")[version % 2],
        published=f"2023-0{1 + number % 9}-1{version % 10}" if number % 4 else None,
    )


def make(folder: Path, engine: str, encoder: Path, *, log: bool) -> Path:
    """Create an index of 5 commits; with `log`, the last ones are only in the log."""
    index = folder / "made.index"
    create_index(index, model=str(encoder), keyword_engine=engine)
    with IndexWriter(index, trust=True) as writer:
        for number in range(16):
            writer.put(article(number))
        writer.commit()
    writer = IndexWriter(index, trust=True)
    for number in range(4):
        writer.put(article(number, 1))
        writer.delete(f"article-{number + 8}")
        writer.commit()
    if not log:
        writer.close()
    copy = shutil.copytree(index, folder / "news.index", ignore=shutil.ignore_patterns("*.lock"))
    writer.close()
    return copy


@pytest.fixture(scope="module")
def sound(engine, tmp_path_factory, tiny_encoder) -> Path:
    return make(tmp_path_factory.mktemp("sound"), engine, tiny_encoder, log=False)


@pytest.fixture(scope="module")
def logged(engine, tmp_path_factory, tiny_encoder) -> Path:
    """Create an index whose last commits are only in SQLite's log."""
    index = make(tmp_path_factory.mktemp("logged"), engine, tiny_encoder, log=True)
    assert (index / "catalog.sqlite-wal").stat().st_size > 10_000
    return index


QUESTIONS = (
    {"q": "ferry", "mode": "keyword"},
    {"q": "harbour storm bread", "mode": "keyword", "limit": 20},
    {"q": "corrections +newspaper -vote", "mode": "keyword"},
    {"q": '"stands below"', "mode": "keyword", "filters": Filters(source="The Herald")},
    {"q": SHARED, "mode": "semantic"},
    {"q": "night train delay", "limit": 20, "explain": True},
    {"q": "mayor", "filters": Filters(published_from="2023-02", published_to="2023-06")},
    {"q": "union wages", "mode": "semantic", "filters": Filters(author="Zoë Ångström")},
    {"q": "river flood", "filters": Filters(section="News", language="en")},
    {"q": "title:council OR bri*", "filters": Filters(article=("article-1", "article-9"))},
)


def answers(index: Path) -> list[object]:
    """Return the answers to all QUESTIONS, some articles and the counts."""
    given: list[object] = []
    with Searcher(index, trust=True) as searcher:
        for options in QUESTIONS:
            response = searcher.search(SearchRequest(**options))
            given.append((response.total, response.warnings, response.hits, response.snapshot))
        given += [searcher.article(f"article-{number}") for number in range(18)]
        counted = searcher.statistics()
        # Omit the time of the commit: it is the only value without a checksum.
        given.append((counted.articles, counted.paragraphs, counted.rows))
    return given


def files_of(index: Path) -> list[str]:
    return sorted(
        str(path.relative_to(index))
        for path in index.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )


def cuts(index: Path) -> Iterator[Damage]:
    """Truncate every file to 0 bytes, to half and by 1 byte; also delete it."""
    for file in files_of(index):
        content = (index / file).read_bytes()
        if file != "manifest.json":  # Without it there is no index.
            yield Damage(file, "is deleted", None)
        for length in sorted({0, len(content) // 2, max(0, len(content) - 1)}):
            yield Damage(file, f"cut at {length} of {len(content)}", content[:length])


def flips(index: Path, many: int, only: str = "") -> Iterator[Damage]:
    """Flip single bits in random files.

    The catalog is chosen 4 times as often as others, because not all of it has
    checksums.
    """
    chance = random.Random(SEED)
    files = [name for name in files_of(index) if only in name and (index / name).stat().st_size]
    contents = {name: (index / name).read_bytes() for name in files}
    weights = [4 if "catalog" in name else 1 for name in files]
    for name in chance.choices(files, weights, k=many):
        content = bytearray(contents[name])
        at, bit = chance.randrange(len(content)), chance.randrange(8)
        if name.endswith("sqlite"):
            # Most of a page is empty.
            at = next((at for _ in range(3) if content[at := chance.randrange(len(content))]), at)
        content[at] ^= 1 << bit
        yield Damage(name, f"bit {bit} of byte {at}", bytes(content))


def ask(index: Path, expected: list[object]) -> str:
    """Return the outcome of a search; raise all errors except a NutgrafError."""
    try:
        given = answers(index)
    except NutgrafError as error:
        assert_helps(error)
        return "refused"
    return "right" if given == expected else "wrong"


def write(index: Path) -> str:
    """Return the outcome of a write; raise all errors except a NutgrafError."""
    try:
        with IndexWriter(index, trust=True) as writer:
            writer.put(article(16))
            writer.delete("article-5")
    except NutgrafError as error:
        assert_helps(error)
        return "not written"
    return "written"


def assert_helps(error: NutgrafError) -> None:
    message = str(error)
    assert HELPS.search(message), message
    assert "\n" not in message, message


class Trials:
    """A copy of an index that is damaged repeatedly; outcomes are counted."""

    def __init__(self, sound: Path, copy: Path) -> None:
        self.sound = sound
        self.copy = copy
        self.counts: Counter[str] = Counter()
        self.outcomes: list[str] = []
        self.expected = answers(shutil.copytree(sound, copy))
        self.written: list[object] = []

    def fresh(self) -> Path:
        shutil.rmtree(self.copy)
        return shutil.copytree(self.sound, self.copy)

    def count(self, damage: Damage, outcome: str, *, tell: bool) -> None:
        self.counts[f"{Path(damage.file).parts[0]}: {outcome}"] += 1
        if tell:
            self.outcomes.append(f"{damage}: {outcome}")

    def report(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Print the counts if NUTGRAF_FLIPS is set."""
        if THOROUGH:
            with capsys.disabled():
                print(f"\n{self.sound}")  # noqa: T201
                for outcome, count in sorted(self.counts.items()):
                    print(f"{count:7,} {outcome}")  # noqa: T201
                print("\n".join(self.outcomes))  # noqa: T201

    def ask(self, damages: Iterator[Damage]) -> None:
        """Search a copy with each damage; verification must report every wrong answer."""
        for damage in damages:
            damage.do(self.fresh())
            try:
                outcome = ask(self.copy, self.expected)
                found = verify_index(self.copy, trust=True, sample=8)
            except BaseException as error:
                self.count(damage, f"RAISED {error!r:.300}", tell=True)
                if isinstance(error, KeyboardInterrupt):
                    raise
                continue
            noticed = "noticed" if found.findings else "not noticed"
            self.count(
                damage,
                f"{outcome}, {noticed}",
                tell=outcome == "wrong" or (not found.findings and outcome == "refused"),
            )

    def write(self, damages: Iterator[Damage]) -> None:
        """Write to a copy with each damage: it is then repaired, or still reported."""
        assert write(self.fresh()) == "written"
        self.written = answers(self.copy)
        for damage in damages:
            damage.do(self.fresh())
            try:
                done = write(self.copy)
                expected = self.written if done == "written" else self.expected
                outcome = ask(self.copy, expected)
                found = verify_index(self.copy, trust=True, sample=8)
            except BaseException as error:
                self.count(damage, f"RAISED {error!r:.300}", tell=True)
                if isinstance(error, KeyboardInterrupt):
                    raise
                continue
            noticed = "noticed" if found.findings else "not noticed"
            suspect = outcome == "wrong" or (outcome == "refused" and not found.findings)
            self.count(damage, f"{done}, {outcome}, {noticed}", tell=suspect)

    def failures(self) -> list[str]:
        return [
            outcome
            for outcome in self.outcomes
            if "RAISED" in outcome
            or outcome.endswith(("wrong, not noticed", "refused, not noticed"))
        ]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not sleep in whoosh.

    It waits 0.5 seconds for a missing file, as a commit may have removed it.
    """
    for module in ("whoosh.index", "nutgraf.index.keywords.whoosh.engine"):
        monkeypatch.setattr(f"{module}.sleep", lambda _: None)


@pytest.mark.both_engines
def test_truncated_files_cause_no_unnoticed_wrong_answer(sound, tmp_path, capsys):
    trials = Trials(sound, tmp_path / "copy")
    # Every file and every kind of damage, but not every combination.
    trials.ask(islice(cuts(sound), 0, None, 1 if THOROUGH else 3))
    trials.report(capsys)
    assert trials.failures() == []


def test_truncated_log_causes_no_unnoticed_wrong_answer(logged, tmp_path, capsys):
    trials = Trials(logged, tmp_path / "copy")
    trials.ask(each for each in cuts(logged) if "catalog" in each.file)
    trials.report(capsys)
    assert trials.failures() == []


@pytest.mark.both_engines
def test_flipped_bits_cause_no_unnoticed_wrong_answer(sound, tmp_path, capsys):
    trials = Trials(sound, tmp_path / "copy")
    trials.ask(flips(sound, FLIPS))
    trials.report(capsys)
    assert trials.failures() == []


def test_flipped_bits_of_a_log_cause_no_unnoticed_wrong_answer(logged, tmp_path, capsys):
    trials = Trials(logged, tmp_path / "copy")
    trials.ask(flips(logged, FLIPS // 2, only="catalog"))
    trials.report(capsys)
    assert trials.failures() == []


def test_writing_to_truncated_files_repairs_or_reports_them(sound, tmp_path, capsys):
    trials = Trials(sound, tmp_path / "copy")
    trials.write(islice(cuts(sound), 0, None, 1 if THOROUGH else 3))
    trials.report(capsys)
    assert trials.failures() == []


def test_writing_to_flipped_bits_repairs_or_reports_them(sound, tmp_path, capsys):
    trials = Trials(sound, tmp_path / "copy")
    trials.write(flips(sound, FLIPS // 2))
    trials.report(capsys)
    assert trials.failures() == []


def test_writing_to_a_flipped_log_repairs_or_reports_it(logged, tmp_path, capsys):
    trials = Trials(logged, tmp_path / "copy")
    trials.write(flips(logged, FLIPS // 4, only="catalog"))
    trials.report(capsys)
    assert trials.failures() == []


@pytest.mark.parametrize(
    "file", ["manifest.json", "catalog.sqlite", "rows.i8", "encoder/model.onnx"]
)
def test_command_line_reports_damage_with_a_remedy(sound, tmp_path, file):
    index = shutil.copytree(sound, tmp_path / "copy")
    content = (index / file).read_bytes()
    Damage(file, "cut", content[: len(content) // 2]).do(index)
    done = subprocess.run(
        [Path(sys.executable).with_name("nutgraf"), "search", "ferry", "-i", index, "--trust"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in (1, 2), done.stdout
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert HELPS.search(done.stderr), done.stderr
