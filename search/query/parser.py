"""Which signs of a question are operators: whoosh's parser, told to read as people write.

Whoosh's own plugins take *anti-air* for an exclusion and a final ? for a
wildcard. Here its tagging, grouping and operator machinery runs on regular
expressions that let a sign count only where the asker can have meant it; all
else is words. The outcome is a small tree of our own, so nothing else has to
know `whoosh.qparser`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

with warnings.catch_warnings():
    # whoosh 2.7.4 predates the warning on "\w" in plain strings (Python 3.12).
    warnings.simplefilter("ignore", SyntaxWarning)
    from whoosh.qparser import QueryParser, plugins, syntax
    from whoosh.qparser.taggers import FnTagger

from nutgraf.index.schema import QUERY_FIELDS

__all__ = [
    "MAX_WORDS",
    "TOO_LONG",
    "Group",
    "Leaf",
    "Node",
    "PatternKind",
    "Warn",
    "parse",
]

MAX_WORDS: Final = 256
"""Words of a question that are searched: the encoder reads no more, and time stays bounded."""

TOO_LONG: Final = f"the question is too long: only its start is searched, {MAX_WORDS} words at most"

MAX_CHARACTERS: Final = 4_096
"""Characters of a question that are read: room for MAX_WORDS long words."""

MAX_DEPTH: Final = 12
"""Brackets within brackets; whoosh's filters recurse, and no asker goes as deep."""

MAX_PATTERN: Final = 64
"""Characters of a pattern: as many as a term has."""

MAX_STARS: Final = 3
"""Stars in a pattern; the time that matching takes grows with a power of them."""

MAX_SLOP: Final = 50
"""Words apart in "a b"~50; further than a paragraph is long says nothing."""

MAX_DISTANCE: Final = 2
"""Letters that may differ in fuzzy~2; with three, most short words are alike."""

Warn = Callable[[str], None]
PatternKind = Literal["prefix", "wildcard", "fuzzy"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One word, "phrase", prefix*, wild?card, fuzzy~ or [a TO b], and the field it stands in.

    `text` has lost the signs that made the kind. `distance` is a phrase's slop
    (1: side by side) or the letters in which a fuzzy word may differ.
    """

    kind: Literal["word", "phrase", "range"] | PatternKind
    text: str
    field: str | None = None
    distance: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes and how they are joined; "plain" is side by side, with no operator between."""

    kind: Literal["plain", "and", "or", "required", "excluded"]
    members: tuple[Node, ...]


Node = Leaf | Group


def parse(question: str, warn: Warn) -> Group:
    """Return the tree of a question. Never raises; `warn` is told what was not understood."""
    text = _readable(question, warn)
    parser = QueryParser(None, None, plugins=_plugins(text, warn), group=_Plain)
    tree = _converted(parser.process(text))
    return tree if isinstance(tree, Group) else Group("plain", (tree,))


# Control characters and halves of surrogate pairs, which no encoder takes.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Telephones and word processors put these in for ".
_QUOTES: Final = str.maketrans({"“": '"', "”": '"', "„": '"'})

_START: Final = r"(?:^|(?<=[\s(]))"
_LETTER: Final = r"[^\W\d_]"
_MARKED: Final = rf'(?={_LETTER}|["(])'
_NAMES: Final = "|".join(QUERY_FIELDS)

_PLUS: Final = re.compile(rf"{_START}\+{_MARKED}")
_MINUS: Final = re.compile(rf"{_START}-{_MARKED}")
_JOIN: Final = r"(?:^|(?<=[\s()])){}(?=[\s()]|$)"
_AND, _OR, _NOT = (re.compile(_JOIN.format(name)) for name in ("AND", "OR", "NOT"))
_FIELD: Final = re.compile(
    rf"(?:{_START}|(?<=^[+-])|(?<=[\s(][+-]))(?P<name>(?i:{_NAMES})):(?=[^\s)])"
)
_PHRASE: Final = re.compile(r'(?<!\w)"(?=[^"]*\w)(?P<text>[^"]+)"(?:~(?P<slop>[1-9]\d*))?')
# These two only directly after a field, where the colon is the last character read.
_QUOTED_VALUE: Final = re.compile(r"(?<=:)'(?P<text>[^']*\w[^']*)'(?=[\s)]|$)")
_RANGE: Final = re.compile(r"(?<=:)(?P<text>[\[{][^\[\]{}]*\b(?i:TO)\b[^\[\]{}]*[\]}])")
# A " inside or at the end of a word is no opening quote: a 12" pipe.
_WORD: Final = re.compile(r'(?P<text>(?:[^\s()"]|(?<=\w)")+|")')

_PREFIX: Final = re.compile(r"(\w[\w'’-]*\w)\*")
_WILDCARD: Final = re.compile(rf"(\w+(?:(?<={_LETTER})[?*](?={_LETTER})\w+)+\*?)")
_FUZZY: Final = re.compile(r"(\w[\w'’-]*\w)~([1-9]\d*)?")
_MEANT: Final = re.compile(rf"{_LETTER}[*~]|[*~]{_LETTER}")
_FIELD_ALONE: Final = re.compile(rf"(?i:{_NAMES}):")
_EDGES: Final = ".,;:!?'‘’"


def _readable(question: str, warn: Warn) -> str:
    question = question.strip()
    words = _CONTROL.sub(" ", question[:MAX_CHARACTERS]).translate(_QUOTES).split()
    if len(question) > MAX_CHARACTERS or len(words) > MAX_WORDS:
        warn(TOO_LONG)
    return " ".join(words[:MAX_WORDS])


def _is_headline(text: str) -> bool:
    """Whether all is in capitals, so that AND says no more than and. 北京 has no capitals."""
    return all(letter.isupper() for letter in text if letter.isalpha())


def _plugins(text: str, warn: Warn) -> list[Any]:
    """Return whoosh's plugins for one question; they are cheap, and hold its `warn`."""
    joins = [] if _is_headline(text) else [("NOT", _NOT), ("AND", _AND), ("OR", _OR)]
    return [_Leaves(warn), _Fields(), _Brackets(warn), _Operators(joins), _Placing(warn)]


# The tree as whoosh builds it.


class _LeafNode(syntax.TextNode):  # type: ignore[misc]
    def __init__(self, leaf: Leaf) -> None:
        super().__init__(leaf.text)
        self.leaf = leaf


class _Plain(syntax.GroupNode):  # type: ignore[misc]
    """The default group; a class of its own tells it from an OR that was written."""


class _Required(syntax.Wrapper):  # type: ignore[misc]
    pass


class _Excluded(syntax.Wrapper):  # type: ignore[misc]
    pass


_KINDS: Final[dict[Any, Literal["plain", "and", "or", "required", "excluded"]]] = {
    _Plain: "plain",
    syntax.AndGroup: "and",
    syntax.OrGroup: "or",
    _Required: "required",
    _Excluded: "excluded",
}


def _converted(node: Any) -> Node:
    if isinstance(node, _LeafNode):
        return replace(node.leaf, field=node.fieldname)
    if isinstance(node, syntax.WordNode):  # whoosh's, of a field name that nothing followed
        return Leaf("word", node.text)
    return Group(_KINDS[type(node)], tuple(_converted(member) for member in node))


# What whoosh is told.


class _Leaves(plugins.Plugin):  # type: ignore[misc]
    """Words, and what a word can be with a sign or within quotes."""

    def __init__(self, warn: Warn) -> None:
        self.warn = warn

    def taggers(self, parser: Any) -> list[tuple[Any, int]]:  # noqa: ARG002
        return [
            (FnTagger(_PHRASE, self.phrase), 0),
            (FnTagger(_QUOTED_VALUE, self.phrase), 0),
            (FnTagger(_RANGE, lambda text: _LeafNode(Leaf("range", text))), 0),
            (FnTagger(_WORD, self.word), 200),
        ]

    def phrase(self, text: str, slop: str | None = None) -> _LeafNode:
        distance = min(int(slop[:4]), MAX_SLOP) if slop else 1
        return _LeafNode(Leaf("phrase", text.strip(), distance=distance))

    def word(self, text: str) -> _LeafNode:
        if text == '"':
            self.warn('a " has no partner: the words after it are searched one by one')
        elif _FIELD_ALONE.fullmatch(text):
            self.warn(f"'{text}' needs a word directly after it; it is searched as a word")
        return _LeafNode(_pattern(text, self.warn) or Leaf("word", text))


def _pattern(text: str, warn: Warn) -> Leaf | None:
    if "*" not in text and "?" not in text and "~" not in text:
        return None
    core = text.strip(_EDGES)
    short = len(core) <= MAX_PATTERN and core.count("*") <= MAX_STARS
    if short and (match := _PREFIX.fullmatch(core)):
        return Leaf("prefix", match[1])
    if short and (match := _WILDCARD.fullmatch(core)):
        return Leaf("wildcard", match[1])
    match = _FUZZY.fullmatch(core) if short else None
    if match and sum(map(str.isalpha, match[1])) >= 3:
        distance = int((match[2] or "1")[:4])
        if distance > MAX_DISTANCE:
            warn(f"'{text[:40]}': at most {MAX_DISTANCE} letters may differ")
        return Leaf("fuzzy", match[1], distance=min(distance, MAX_DISTANCE))
    if _MEANT.search(core):
        warn(
            f"'{text[:40]}' is searched as a plain word: "
            "* needs two letters before it (missile*), ~ three (bakmut~)"
        )
    return None


class _Fields(plugins.FieldsPlugin):  # type: ignore[misc]
    """Field names in any case, at the start of a word, with something directly after."""

    def taggers(self, parser: Any) -> list[tuple[Any, int]]:  # noqa: ARG002
        return [(FnTagger(_FIELD, lambda name: syntax.FieldnameNode(name.lower(), name)), 0)]


class _Brackets(plugins.GroupPlugin):  # type: ignore[misc]
    """Parentheses, told when they have no partner or go deeper than can be meant."""

    def __init__(self, warn: Warn) -> None:
        super().__init__()
        self.warn = warn

    def do_groups(self, parser: Any, group: Any) -> Any:
        stack, deeper = [parser.group()], 0
        for node in group:
            if isinstance(node, self.OpenBracket):
                if len(stack) > MAX_DEPTH:
                    deeper += 1
                    self.warn("brackets are nested too deeply: the innermost were left out")
                else:
                    stack.append(parser.group())
            elif not isinstance(node, self.CloseBracket):
                stack[-1].append(node)
            elif deeper:
                deeper -= 1
            elif len(stack) > 1:
                closed = stack.pop()
                stack[-1].append(closed)
            else:
                self.warn("a bracket has no partner and was left out")
        top = stack[0]
        for unclosed in stack[1:]:
            self.warn("a bracket has no partner and was left out")
            # What stood before the bracket was meant for all that is in it, not for its first word.
            while len(top) and isinstance(top[-1], syntax.FieldnameNode | syntax.PrefixOperator):
                top.pop()
            top.extend(unclosed)
        return top


class _Operators(plugins.OperatorsPlugin):  # type: ignore[misc]
    """+ and - (as operators before a word, so that they work in brackets too), NOT, AND, OR."""

    def __init__(self, joins: list[tuple[str, re.Pattern[str]]]) -> None:
        types = {
            "NOT": (_Excluded, syntax.PrefixOperator),
            "AND": (syntax.AndGroup, syntax.InfixOperator),
            "OR": (syntax.OrGroup, syntax.InfixOperator),
        }
        ops = [
            (self.OpTagger(_PLUS, _Required, syntax.PrefixOperator), 0),
            (self.OpTagger(_MINUS, _Excluded, syntax.PrefixOperator), 0),
        ]
        ops += [(self.OpTagger(expression, *types[name]), 0) for name, expression in joins]
        super().__init__(ops, clean=True)


class _Placing(plugins.Plugin):  # type: ignore[misc]
    """Turns an AND, OR, NOT without a word on both sides back into a word."""

    def __init__(self, warn: Warn) -> None:
        self.warn = warn

    def filters(self, parser: Any) -> list[tuple[Any, int]]:  # noqa: ARG002
        # After whitespace is gone (500), before operators take their operands (600).
        return [(lambda _, group: self.placed(group, anything_before=False), 590)]

    def placed(self, group: Any, *, anything_before: bool) -> Any:
        for i in range(len(group) - 1, -1, -1):
            after = group[i + 1] if i + 1 < len(group) else None
            alone = after is None or _is_infix(after)
            if (_is_infix(group[i]) and alone) or (_is_not(group[i]) and (alone or _is_not(after))):
                group[i] = self.as_word(group[i])
        for i, node in enumerate(group):
            before = i > 0 and not isinstance(group[i - 1], syntax.Operator)
            if (_is_infix(node) and not before) or (_is_not(node) and not (i or anything_before)):
                group[i] = self.as_word(node)
            elif isinstance(node, syntax.GroupNode):
                group[i] = self.placed(node, anything_before=i > 0 or anything_before)
        return group

    def as_word(self, node: Any) -> _LeafNode:
        hint = "; to exclude a word, write -word" if node.text == "NOT" else ""
        self.warn(f"{node.text} has no word on both sides: it is searched as a word{hint}")
        return _LeafNode(Leaf("word", node.text))


def _is_infix(node: Any) -> bool:
    return isinstance(node, syntax.InfixOperator)


def _is_not(node: Any) -> bool:
    return isinstance(node, syntax.PrefixOperator) and node.text == "NOT"
