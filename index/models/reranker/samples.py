"""Sample pairs for the check of a reranker: questions with texts that answer them."""

from __future__ import annotations

from typing import Final

from nutgraf.index.models.samples import SAMPLES

__all__ = ["PAIRS", "UNRELATED_PAIRS"]

_QUESTIONS: Final = {
    4: "when will it rain",
    8: "does the vaccine against the fever work",
    9: "why was the motorway closed by the police",
    10: "how high is the central bank's key rate",
    11: "what killed the beekeepers' colonies this winter",
    13: "did parliament keep the treaty",
    14: "why did 40,000 homes in the north lose power",
    15: "when did the probe send pictures of the moon",
    19: "why were executives of the lender charged with fraud",
    21: "until which age does the school teach in the local language",
    22: "how old is the air in the ice that was drilled",
    23: "how many jobs does the chip maker promise",
    26: "what does a kilo of onions cost at the market",
    28: "what did the shepherds buy when wolves returned",
    29: "how old are the signals between the stations",
    30: "may the newspaper publish the minister's letters",
}
"""Questions; the key is the position in SAMPLES of the text with the answer."""

PAIRS: Final = tuple((question, SAMPLES[at]) for at, question in _QUESTIONS.items())
"""16 pairs of a question and a text that answers it."""

UNRELATED_PAIRS: Final = tuple(
    (question, text) for (question, _), (_, text) in zip(PAIRS, PAIRS[1:] + PAIRS[:1], strict=True)
)
"""16 pairs of the same questions and unrelated texts."""
