"""The start and end of sentences."""

from __future__ import annotations

from hypothesis import example, given, strategies as st

from nutgraf.index.analysis.sentences import sentence_spans


@given(st.text("abA.!?。 \n\u00a0\u2003\u3000é港”", max_size=30))
@example("Ab! \u00a0!Ab")
def test_each_character_is_in_exactly_one_sentence(text: str) -> None:
    spans = list(sentence_spans(text, "en"))
    assert spans == sorted(spans)
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(
        text.split()
    )


def test_sentences() -> None:
    text = "It rained.\u00a0\u00a0The ferry\u2003stayed. "
    assert [text[start:end] for start, end in sentence_spans(text, "en")] == [
        "It rained.",
        "The ferry\u2003stayed.",
    ]
