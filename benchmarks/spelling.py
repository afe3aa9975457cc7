"""Count right and wrong corrections of made-up misspellings, as Markdown.

    .venv/bin/python benchmarks/spelling.py INDEX ...

The words, names and titles are those of the index, with one error each; the errors have a fixed
seed. A question is used if the index lacks one of its words. The names of people are asked in 5
forms each; the index lacks a name of each form, so every correction is wrong.
"""

from __future__ import annotations

import random
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from nutgraf.index import IndexSnapshot
from nutgraf.search import Searcher

MOST: Final = 300
"""Most questions of a kind."""

KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
VOWELS: Final = "aeiou"

PEOPLE: Final = (
    "Meghan Markle", "Rafael Nadal", "Keanu Reeves", "Keir Starmer", "Olaf Scholz",
    "Gaby Zamperoni", "Taylor Swift", "Lionel Messi", "Roger Federer", "Serena Williams",
    "Novak Djokovic", "Emma Raducanu", "Greta Thunberg", "Jacinda Ardern", "Giorgia Meloni",
    "Mario Draghi", "Sanna Marin", "Rishi Sunak", "Liz Truss", "Kylian Mbappe", "Erling Haaland",
    "Cristiano Ronaldo", "Usain Bolt", "Simone Biles", "Lewis Hamilton", "Max Verstappen",
    "Billie Eilish", "Ariana Grande", "Dua Lipa", "Ed Sheeran", "Leonardo DiCaprio",
    "Scarlett Johansson", "Tom Hanks", "Meryl Streep", "Natalie Portman", "Ryan Gosling",
    "Margot Robbie", "Cillian Murphy", "Timothee Chalamet", "Margaret Atwood", "Haruki Murakami",
    "Salman Rushdie", "Elon Musk", "Jeff Bezos", "Mark Zuckerberg", "Sundar Pichai",
    "Satya Nadella", "Warren Buffett", "Jair Bolsonaro", "Viktor Orban", "Recep Erdogan",
    "Annalena Baerbock", "Robert Habeck", "Christine Lagarde", "Antonio Guterres",
)  # fmt: skip

FORMS: Final[tuple[Callable[[str], str], ...]] = (
    str,
    str.lower,
    lambda name: name.split()[1],
    lambda name: f"{name.split()[1]} interview",
    lambda name: f"what did {name} say about the election",
)


def main(indexes: Sequence[str]) -> None:
    print(
        "| index | questions | number | right | wrong | none | ms |\n|---|---|---|---|---|---|---|"
    )
    for name in indexes:
        with IndexSnapshot.open(name) as snapshot, Searcher(name) as searcher:
            searcher.search("warm")
            for kind, pairs in questions(snapshot):
                print(f"| {Path(name).stem} | {kind} | {measured(snapshot, searcher, pairs)} |")


def questions(index: IndexSnapshot) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield kinds of questions, each with pairs of question and right correction."""
    chance = random.Random(1)
    with sqlite3.connect(index.parts / "suggestions.sqlite") as terms:
        found = terms.execute("SELECT text FROM terms WHERE count > 1 ORDER BY text").fetchall()
    texts = [text for (text,) in found if text.isascii() and text.replace(" ", "").isalpha()]
    words = [text for text in texts if text.islower() and len(text) > 3]
    names = [text for text in texts if re.fullmatch("[A-Z][a-z]+ [A-Z][a-z]+", text)]
    titles = [record.title for record in index.catalog.alive(index.sequence)]
    starts = [" ".join(re.findall("[A-Za-z]+", title)[:4]) for title in titles]
    for kind, right in (
        ("a word", words),
        ("two words of a name", names),
        ("a name in lower case", [name.lower() for name in names]),
        ("a word of a name", [word for name in names for word in name.split()]),
        ("four words of a title", starts),
    ):
        asked = [pair for text in right if (pair := misspelled(text, chance))]
        pairs = [pair for pair in asked if is_unknown(index, pair[0])]
        chance.shuffle(pairs)
        yield kind, pairs[:MOST]
    yield (
        "people that the index lacks",
        [
            (form(name), form(name))
            for name in PEOPLE
            for form in FORMS
            if all(is_unknown(index, asked(name)) for asked in FORMS)
        ],
    )


def is_unknown(index: IndexSnapshot, question: str) -> bool:
    """Return whether the index lacks a word of the question."""
    words = [token.common for token in index.question_analyzer().tokens(question)]
    known = index.term_statistics([term for terms in words for term in terms])
    return not all(any(known[term].known for term in terms) for terms in words)


def misspelled(text: str, chance: random.Random) -> tuple[str, str] | None:
    """Return the text with an error in one of its words, and the text itself."""
    words = text.split()
    long = [at for at, word in enumerate(words) if len(word) > 3]
    if not long:
        return None
    at = chance.choice(long)
    wrong = " ".join([*words[:at], with_error(words[at], chance), *words[at + 1 :]])
    return None if wrong == text else (wrong, text)


def with_error(word: str, chance: random.Random) -> str:
    """Return the word with an error of a random kind; its first letter stays."""
    at = chance.randrange(1, len(word))
    before, letter, after = word[:at], word[at], word[at + 1 :]
    near = [key for key in KEYS for place in (key.find(letter.lower()),) if place >= 0]
    beside = [near[0][place] for place in neighbours(near[0], letter.lower())] if near else [letter]
    return chance.choice(
        [
            before + after[:1] + letter + after[1:],
            before + after,
            before + letter + letter + after,
            before + chance.choice(beside) + after,
            before + letter + chance.choice(beside) + after,
            before + (chance.choice(VOWELS) if letter in VOWELS else letter) + after,
        ]
    )


def neighbours(keys: str, letter: str) -> list[int]:
    at = keys.index(letter)
    return [place for place in (at - 1, at + 1) if 0 <= place < len(keys)]


def measured(index: IndexSnapshot, searcher: Searcher, pairs: Sequence[tuple[str, str]]) -> str:
    right = wrong = 0
    started = time.perf_counter()
    for question, meant in pairs:
        answer = searcher.search(question, limit=1, mode="keyword")
        found = answer.suggestion or getattr(answer, "corrected", None)
        if found is not None:
            same = terms_of(index, found) == terms_of(index, meant)
            right, wrong = right + same, wrong + (not same)
    took = (time.perf_counter() - started) * 1000 / max(1, len(pairs))
    shares = [count / max(1, len(pairs)) for count in (right, wrong, len(pairs) - right - wrong)]
    return f"{len(pairs)} | {' | '.join(f'{share:.3f}' for share in shares)} | {took:.1f}"


def terms_of(index: IndexSnapshot, text: str) -> list[tuple[str, ...]]:
    return [token.terms for token in index.question_analyzer().tokens(text)]


if __name__ == "__main__":
    main(sys.argv[1:])
