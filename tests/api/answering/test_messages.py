"""Frames of messages, in parts of any size."""

from hypothesis import given, strategies as st

from nutgraf.api.answering.messages import Frames, frame

MESSAGES = st.lists(st.one_of(st.binary(max_size=40), st.text(max_size=9), st.none()), max_size=6)


@given(MESSAGES, st.lists(st.integers(1, 9), min_size=1))
def test_messages_arrive_whole_in_parts_of_any_size(messages, sizes):
    sent = b"".join(map(frame, messages))
    frames, arrived, at = Frames(), [], 0
    while at < len(sent):
        size = sizes[at % len(sizes)]
        arrived += frames.feed(sent[at : at + size])
        at += size
    assert arrived == messages
