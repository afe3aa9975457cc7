"""The parser of questions: whoosh's parser with stricter rules for operators.

Whoosh's own plugins read the - in anti-air as an exclusion, and a ? at the end of a question as a
wildcard. The regular expressions here accept a sign as an operator only where users mean an
operator. All other text is words. Whoosh groups the operators and applies them. The result is a
small tree of our own classes, so only this module depends on `whoosh.qparser`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal

with warnings.catch_warnings():
    # whoosh 2.7.4 predates the warning on "\w" in plain strings (Python 3.12).
    warnings.simplefilter("ignore", SyntaxWarning)
    from whoosh.qparser import QueryParser, plugins, syntax
    from whoosh.qparser.taggers import FnTagger

from nutgraf.index.analysis.edit_distance import distance
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
    "parse_operators",
]

MAX_WORDS: Final = 256
"""Maximum number of words that are searched, to limit the time of a search.

The encoder reads no more words than these.
"""

TOO_LONG: Final = f"the question is too long: only its start is searched, at most {MAX_WORDS} words"

MAX_CHARACTERS: Final = 4_096
"""Maximum number of characters that are read, enough for MAX_WORDS long words."""

MAX_DEPTH: Final = 12
"""Maximum depth of nested brackets, to limit the recursion of whoosh's filters."""

MAX_PATTERN: Final = 64
"""Maximum number of characters in a pattern, the same as in a term."""

MAX_STARS: Final = 3
"""Maximum number of stars in a pattern.

The time for matching grows with a power of this number.
"""

MAX_SLOP: Final = 50
"""Maximum slop of a phrase, as in "a b"~50.

The slop is the largest distance of neighbouring words of the phrase, in words; 1 means side by
side. A paragraph has about 50 words.
"""

MAX_DISTANCE: Final = 2
"""Maximum of differing letters, as in fuzzy~2. With 3, most short words match."""

Warn = Callable[[str], None]
PatternKind = Literal["prefix", "wildcard", "fuzzy"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One word, "phrase", prefix*, wild?card, fuzzy~ or [a TO b], with its field.

    `text` does not contain the quotes of a phrase, the * of a prefix or the ~ of a fuzzy word.
    `distance` is the slop of a phrase (1: side by side), or the number of letters in which a fuzzy
    word may differ.
    """

    kind: Literal["word", "phrase", "range"] | PatternKind
    text: str
    field: str | None = None
    distance: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes and their operator; "plain" means no operator between them."""

    kind: Literal["plain", "and", "or", "required", "excluded"]
    members: tuple[Node, ...]


Node = Leaf | Group


def parse(question: str, warn: Warn, declared: Iterable[str] = ()) -> Group:
    """Return the tree of a question; call `warn` with each warning. Never raises.

    `declared` are the names of the declared fields of the index.
    """
    text = _readable(question, warn)
    if _OPERATOR.search(text) is None:
        # Most questions have no operator. Whoosh would take ten times as long.
        return Group("plain", tuple(_leaf(word, warn) for word in text.split()))
    return parse_operators(text, warn, declared)


def parse_operators(text: str, warn: Warn, declared: Iterable[str] = ()) -> Group:
    """Return the tree of a question with operators, as whoosh's parser groups them.

    The words of `text` have single spaces between them. Without operators, `parse` is faster.
    """
    fields = _FieldPatterns.of(tuple(declared))
    _warn_of_unknown_fields(text, warn, declared)
    parser = QueryParser(None, None, plugins=_plugins(text, warn, fields), group=_Plain)
    tree = _converted(parser.process(text))
    return tree if isinstance(tree, Group) else Group("plain", (tree,))


def _warn_of_unknown_fields(text: str, warn: Warn, declared: Iterable[str]) -> None:
    """Warn of a word before a colon that is nearly a field, such as sorce:bbc."""
    outside = _PHRASE.sub(lambda phrase: phrase[0].replace(":", " "), text)
    for match in _NEARLY_FIELD.finditer(outside):
        name = match["name"].lower()
        most = 1 if len(name) < _LONG_NAME else MAX_DISTANCE
        known = (*QUERY_FIELDS, *declared)
        edits, field = min((distance(name, each), each) for each in known)
        if 0 < edits <= most:
            meant = f"{field}:{match['value'][:40]}"
            warn(f"'{match['name']}:' is not a field; did you mean {meant}? It is searched as text")


# Control characters, and also halves of surrogate pairs, because no encoder accepts these.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Telephones and word processors insert these quotes in place of ".
_QUOTES: Final = str.maketrans({"“": '"', "”": '"', "„": '"'})

_START: Final = r"(?:^|(?<=[\s(]))"
_LETTER: Final = r"[^\W\d_]"
_MARKED: Final = rf'(?={_LETTER}|["(])'

_OPERATOR: Final = re.compile(r'[":()]|(?:^| )[+-]|(?:^| )(?:AND|OR|NOT)(?: |$)')
"""Match a sign or a word that can be an operator.

The words of the text have single spaces between them. The signs of patterns (* ? ~) are parts of
words.
"""

_PLUS: Final = re.compile(rf"{_START}\+{_MARKED}")
_MINUS: Final = re.compile(rf"{_START}-{_MARKED}")
_JOIN: Final = r"(?:^|(?<=[\s()])){}(?=[\s()]|$)"
_AND, _OR, _NOT = (re.compile(_JOIN.format(name)) for name in ("AND", "OR", "NOT"))
# Not https://, 9:30 or std::map.
_NEARLY_FIELD: Final = re.compile(
    rf"{_START}[+-]?(?P<name>{_LETTER}{{4,12}}):(?P<value>\"[^\"]+\"|[^\s()\":/][^\s()]*)"
)
_LONG_NAME: Final = 6
"""Names with this many letters may differ from a field in MAX_DISTANCE letters."""


@dataclass(frozen=True, slots=True)
class _FieldPatterns:
    """The patterns of a field before its value, and of a field without a value."""

    field: re.Pattern[str]
    alone: re.Pattern[str]

    @classmethod
    @lru_cache(64)
    def of(cls, declared: tuple[str, ...]) -> _FieldPatterns:
        """Return the patterns of an index with these declared fields."""
        names = "|".join((*QUERY_FIELDS, *declared))
        start = rf"(?:{_START}|(?<=^[+-])|(?<=[\s(][+-]))"
        return cls(
            re.compile(rf"{start}(?P<name>(?i:{names})):(?=[^\s)])"),
            re.compile(rf"(?i:{names}):"),
        )


_PHRASE: Final = re.compile(r'(?<!\w)"(?=[^"]*\w)(?P<text>[^"]+)"(?:~(?P<slop>[1-9]\d*))?')
# The next 2 expressions match only directly after the colon of a field.
_QUOTED_VALUE: Final = re.compile(r"(?<=:)'(?P<text>[^']*\w[^']*)'(?=[\s)]|$)")
_RANGE: Final = re.compile(r"(?<=:)(?P<text>[\[{][^\[\]{}]*\b(?i:TO)\b[^\[\]{}]*[\]}])")
# A " inside or at the end of a word does not open a phrase: a 12" pipe.
_WORD: Final = re.compile(r'(?P<text>(?:[^\s()"]|(?<=\w)")+|")')

_PREFIX: Final = re.compile(r"(\w[\w'’-]*\w)\*")
_WILDCARD: Final = re.compile(rf"(\w+(?:(?<={_LETTER})[?*](?={_LETTER})\w+)+\*?)")
_FUZZY: Final = re.compile(r"(\w[\w'’-]*\w)~([1-9]\d*)?")
_MEANT: Final = re.compile(rf"{_LETTER}[*~]|[*~]{_LETTER}")
_EDGES: Final = ".,;:!?'‘’"


def _readable(question: str, warn: Warn) -> str:
    question = question.strip()
    words = _CONTROL.sub(" ", question[:MAX_CHARACTERS]).translate(_QUOTES).split()
    if len(question) > MAX_CHARACTERS or len(words) > MAX_WORDS:
        warn(TOO_LONG)
    return " ".join(words[:MAX_WORDS])


def _is_headline(text: str) -> bool:
    """Return whether all letters of the text are capitals; AND is then a plain word.

    Text without any capitals, such as 北京, is not a headline.
    """
    return all(letter.isupper() for letter in text if letter.isalpha())


def _plugins(text: str, warn: Warn, fields: _FieldPatterns) -> list[Any]:
    """Return whoosh's plugins for one question; each question needs its own `warn`."""
    joins = [] if _is_headline(text) else [("NOT", _NOT), ("AND", _AND), ("OR", _OR)]
    return [
        _Leaves(warn, fields),
        _Fields(fields),
        _Brackets(warn),
        _Operators(joins),
        _Placing(warn),
    ]


# The nodes of whoosh's tree.


class _LeafNode(syntax.TextNode):  # type: ignore[misc]
    def __init__(self, leaf: Leaf) -> None:
        super().__init__(leaf.text)
        self.leaf = leaf


class _Plain(syntax.GroupNode):  # type: ignore[misc]
    """The default group. A class of its own distinguishes the group from a written OR."""


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
    if isinstance(node, syntax.WordNode):  # made by whoosh for a field name without a value
        return Leaf("word", node.text)
    return Group(_KINDS[type(node)], tuple(_converted(member) for member in node))


# The plugins for whoosh's parser.


class _Leaves(plugins.Plugin):  # type: ignore[misc]
    """Words, phrases, patterns and ranges."""

    def __init__(self, warn: Warn, fields: _FieldPatterns) -> None:
        self.warn = warn
        self.fields = fields

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
            self.warn('a " is not closed: the words after it are searched as single words')
        elif self.fields.alone.fullmatch(text):
            self.warn(f"'{text}' needs a value directly after the colon; it is searched as a word")
        return _LeafNode(_leaf(text, self.warn))


def _leaf(word: str, warn: Warn) -> Leaf:
    return _pattern(word, warn) or Leaf("word", word)


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
            warn(
                f"'{text[:40]}': at most {MAX_DISTANCE} letters may differ; ~{MAX_DISTANCE} is used"
            )
        return Leaf("fuzzy", match[1], distance=min(distance, MAX_DISTANCE))
    if _MEANT.search(core):
        warn(
            f"'{text[:40]}' is searched as a plain word: "
            "* needs at least 2 letters before it (missile*), ~ at least 3 (bakmut~)"
        )
    return None


class _Fields(plugins.FieldsPlugin):  # type: ignore[misc]
    """Field names in any case, at the start of a word, with a value directly after."""

    def __init__(self, fields: _FieldPatterns) -> None:
        super().__init__()
        self.fields = fields

    def taggers(self, parser: Any) -> list[tuple[Any, int]]:  # noqa: ARG002
        return [
            (FnTagger(self.fields.field, lambda name: syntax.FieldnameNode(name.lower(), name)), 0)
        ]


class _Brackets(plugins.GroupPlugin):  # type: ignore[misc]
    """Brackets, with warnings about unmatched and too deeply nested ones."""

    def __init__(self, warn: Warn) -> None:
        super().__init__()
        self.warn = warn

    def do_groups(self, parser: Any, group: Any) -> Any:
        stack, deeper = [parser.group()], 0
        for node in group:
            if isinstance(node, self.OpenBracket):
                if len(stack) > MAX_DEPTH:
                    deeper += 1
                    self.warn(
                        f"brackets are nested more than {MAX_DEPTH} deep: the innermost are ignored"
                    )
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
                self.warn("a bracket is unmatched and is ignored")
        top = stack[0]
        for unclosed in stack[1:]:
            self.warn("a bracket is unmatched and is ignored")
            # An operator or field before an unclosed bracket does not apply to the word after it.
            while len(top) and isinstance(top[-1], syntax.FieldnameNode | syntax.PrefixOperator):
                top.pop()
            top.extend(unclosed)
        return top


class _Operators(plugins.OperatorsPlugin):  # type: ignore[misc]
    """The operators +, -, NOT, AND, OR; + and - also work within brackets."""

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
    """A filter that makes AND, OR and NOT plain words if a word beside is missing."""

    def __init__(self, warn: Warn) -> None:
        self.warn = warn

    def filters(self, parser: Any) -> list[tuple[Any, int]]:  # noqa: ARG002
        # This runs after whitespace is removed (500), before operators get their operands (600).
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
        self.warn(f"{node.text} needs a word on both sides; it is searched as a word{hint}")
        return _LeafNode(Leaf("word", node.text))


def _is_infix(node: Any) -> bool:
    return isinstance(node, syntax.InfixOperator)


def _is_not(node: Any) -> bool:
    return isinstance(node, syntax.PrefixOperator) and node.text == "NOT"
