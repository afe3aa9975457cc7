"""Lines of streams that are read in pieces of any size."""

import pytest

from nutgraf.api.write_queue.lines import LineSplitter


def split(content, limit, step):
    splitter = LineSplitter(limit)
    lines = []
    for start in range(0, len(content), step):
        lines += splitter.feed(content[start : start + step])
        assert len(splitter.held) <= limit
    return [(line.number, line.content) for line in [*lines, *splitter.rest()]]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
def test_lines_do_not_depend_on_size_of_pieces(step):
    assert split(b"a\n\nbcd\r\nef", 10, step) == [(1, b"a"), (2, b""), (3, b"bcd\r"), (4, b"ef")]
    assert split(b"a\n", 10, step) == [(1, b"a")]
    assert split(b"", 10, step) == []


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
def test_line_over_limit_is_dropped_and_next_line_is_complete(step):
    assert split(b"12345\n123456\nabc\n1234567", 5, step) == [
        (1, b"12345"), (2, None), (3, b"abc"), (4, None),
    ]  # fmt: skip
