"""Operators of a question, grouped by whoosh's parser with stricter rules.

Whoosh's own plugins read the - in anti-air as an exclusion, and a ? at the end of a question as a
wildcard. The regular expressions here accept a sign as an operator only where users mean an
operator. All other text is words. Whoosh groups the operators and applies them. The result is a
small tree of our own classes, so only this module depends on `whoosh.qparser`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

with warnings.catch_warnings():
    # whoosh 2.7.4 predates the warning on "\w" in plain strings (Python 3.12).
    warnings.simplefilter("ignore", SyntaxWarning)
    from whoosh.qparser import QueryParser, plugins, syntax
    from whoosh.qparser.taggers import FnTagger

from nutgraf.index.schema import QUERY_FIELDS
from nutgraf.search.query.syntax.nodes import Group, Kind, Leaf, Node, Warn
from nutgraf.search.query.syntax.words import LETTER, leaf_of

__all__ = ["PHRASE", "START", "grouped"]

MAX_DEPTH: Final = 12
"""Maximum depth of nested brackets, to limit the recursion of whoosh's filters."""

MAX_SLOP: Final = 50
"""Maximum slop of a phrase, as in "a b"~50.

The slop is the largest distance of neighbouring words of the phrase, in words; 1 means side by
side. A paragraph has about 50 words.
"""

START: Final = r"(?:^|(?<=[\s(]))"
"""The pattern of the place before a word or an operator."""

_MARKED: Final = rf'(?={LETTER}|["(])'
_PLUS: Final = re.compile(rf"{START}\+{_MARKED}")
_MINUS: Final = re.compile(rf"{START}-{_MARKED}")
_JOIN: Final = r"(?:^|(?<=[\s()])){}(?=[\s()]|$)"
_AND, _OR, _NOT = (re.compile(_JOIN.format(name)) for name in ("AND", "OR", "NOT"))


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
        start = rf"(?:{START}|(?<=^[+-])|(?<=[\s(][+-]))"
        return cls(
            re.compile(rf"{start}(?P<name>(?i:{names})):(?=[^\s)])"),
            re.compile(rf"(?i:{names}):"),
        )


PHRASE: Final = re.compile(r'(?<!\w)"(?=[^"]*\w)(?P<text>[^"]+)"(?:~(?P<slop>[1-9]\d*))?')
# The next 2 expressions match only directly after the colon of a field.
_QUOTED_VALUE: Final = re.compile(r"(?<=:)'(?P<text>[^']*\w[^']*)'(?=[\s)]|$)")
_RANGE: Final = re.compile(r"(?<=:)(?P<text>[\[{][^\[\]{}]*\b(?i:TO)\b[^\[\]{}]*[\]}])")
# A " inside or at the end of a word does not open a phrase: a 12" pipe.
_WORD: Final = re.compile(r'(?P<text>(?:[^\s()"]|(?<=\w)")+|")')


def grouped(text: str, warn: Warn, declared: Iterable[str] = ()) -> Node:
    """Return the tree of a text with operators, as whoosh's parser groups them."""
    fields = _FieldPatterns.of(tuple(declared))
    parser = QueryParser(None, None, plugins=_plugins(text, warn, fields), group=_Plain)
    return _converted(parser.process(text))


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


_KINDS: Final[dict[Any, Kind]] = {
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
            (FnTagger(PHRASE, self.phrase), 0),
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
        return _LeafNode(leaf_of(text, self.warn))


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
