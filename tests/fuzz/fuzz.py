"""Run a reader on nearly valid files, and check that it yields only items.

    python tests/fuzz/fuzz.py html 300

changes samples at random for 300 s. The run stops at the first file on which
the reader raises, yields another type, or is too slow, and writes the file to
fuzz-READER.bin; add it to the test of the reader. `make fuzz` runs each reader
for 1 minute. Each run has another seed, which is printed.
"""

from __future__ import annotations

import io
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from more_samples import (
    feed_samples,
    jsonl_samples,
    markdown_samples,
    parquet_samples,
    pdf_samples,
    table_samples,
    text_samples,
)
from samples import Samples, html_samples, packed_samples, warc_samples

from nutgraf.index.article import Article
from nutgraf.index.sources.formats.feed import read_feed
from nutgraf.index.sources.formats.html import read_html
from nutgraf.index.sources.formats.jsonl import read_jsonl
from nutgraf.index.sources.formats.markdown import read_markdown
from nutgraf.index.sources.formats.parquet import read_parquet
from nutgraf.index.sources.formats.pdf import read_pdf
from nutgraf.index.sources.formats.table import read_table
from nutgraf.index.sources.formats.text import read_text
from nutgraf.index.sources.formats.warc import read_warc
from nutgraf.index.sources.items import (
    Capture,
    FileName,
    Flagged,
    OpenedFile,
    Reader,
    ReadOptions,
    Rejected,
    Skipped,
)
from nutgraf.index.sources.read import SourceFile, read_file

SLOW = 10.0
"""Seconds of processor time for a file of a few kilobytes."""

LARGEST = 200_000
"""Most bytes in a changed file."""


def read_packed(opened: OpenedFile) -> Iterable[object]:
    """Open a file as `read_file` does, and choose the reader by its first bytes."""
    with tempfile.NamedTemporaryFile(suffix=".zip", dir="/dev/shm") as file:
        file.write(opened.file.read())
        file.flush()
        yield from read_file(SourceFile(file.name, opened.name), lambda _: None, ReadOptions())


READERS: dict[
    str, tuple[Reader | Callable[[OpenedFile], Iterable[object]], Callable[[], Samples]]
] = {
    "feed": (read_feed, feed_samples),
    "html": (read_html, html_samples),
    "jsonl": (read_jsonl, jsonl_samples),
    "markdown": (read_markdown, markdown_samples),
    "packed": (read_packed, packed_samples),
    "parquet": (read_parquet, parquet_samples),
    "pdf": (read_pdf, pdf_samples),
    "table": (read_table, table_samples),
    "text": (read_text, text_samples),
    "warc": (read_warc, warc_samples),
}


def check(name: str, content: bytes) -> int:
    """Read a file and return the number of its articles. Raises on any fault."""
    file = io.BufferedReader(io.BytesIO(content))
    started = time.process_time()
    articles = 0
    for item in READERS[name][0](OpenedFile(file, "fuzz", FileName("fuzz"))):
        assert isinstance(item, Article | Capture | Rejected | Flagged | Skipped), item
        articles += isinstance(item, Article | Capture)
    took = time.process_time() - started
    assert took < SLOW, f"it took {took:.1f} s"
    return articles


def changed(content: bytes, samples: Samples, chance: random.Random) -> bytes:
    """Return the content with 1 to 8 changes."""
    new = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(new) + 1)
        end = min(len(new), at + chance.choice((1, 2, 8, 64, 512)))
        way = chance.randrange(6)
        if way == 0:
            new[at:end] = chance.randbytes(end - at)
        elif way == 1:
            del new[at:end]
        elif way == 2:
            new[at:at] = chance.choice(samples.words)
        elif way == 3:
            new[at:at] = new[at:end] * chance.choice((1, 2, 20, 300))
        elif way == 4:
            other = chance.choice(samples.files)
            start = chance.randrange(len(other) + 1)
            new[at:end] = other[start : start + 512]
        elif chance.random() < 0.2:
            del new[at:]
    return bytes(new[:LARGEST])


def main() -> None:
    """Run a reader for the given seconds; without arguments, print all readers."""
    if len(sys.argv) == 1:
        print(*READERS)
        return
    name, seconds = sys.argv[1], float(sys.argv[2])
    seed = time.time_ns()
    chance = random.Random(seed)
    samples = READERS[name][1]()
    print(f"{name}: seed {seed}", flush=True)
    for content in samples.files:
        check(name, content)
    end = time.monotonic() + seconds
    count = articles = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while time.monotonic() < end:
        content = changed(chance.choice(samples.files), samples, chance)
        try:
            articles += check(name, content)
        except BaseException:
            Path(f"fuzz-{name}.bin").write_bytes(content)
            raise
        count += 1
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{name}: {count:,} files, {articles:,} articles; memory grew by {grown:.0f} MB")


if __name__ == "__main__":
    main()
