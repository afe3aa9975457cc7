"""Tags of languages, and the languages that have rules of their own."""

from __future__ import annotations

from typing import Final

from nutgraf.index.analysis.stopwords import stop_words

__all__ = ["LANGUAGES", "analysed_as", "primary_language", "tags_of"]

LANGUAGES: Final = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "st": "sesotho",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""Language tag -> name of its Snowball stemmer, for all stemmers of PyStemmer."""

_TAG_ALIASES: Final = {"nb": "no", "nn": "no", "in": "id", "ji": "yi"}
# Other tags of the same languages: "nb" and "nn" are the two written forms of Norwegian; "in" and
# "ji" are withdrawn tags of Indonesian and Yiddish.

_NO_LANGUAGE_TAGS: Final = frozenset({"", "und", "mul", "mis", "zxx"})
# Tags that name no language.


def primary_language(tag: str) -> str:
    """Return the language of a tag, without region and script: "en" for "en-GB"."""
    primary = tag.replace("_", "-").partition("-")[0].strip().lower()
    return _TAG_ALIASES.get(primary, primary)


def tags_of(language: str) -> tuple[str, ...]:
    """Return all primary tags of a language: "no", "nb" and "nn" for "no"."""
    return (language, *(tag for tag, same in _TAG_ALIASES.items() if same == language))


def analysed_as(tag: str | None) -> str | None:
    """Return the language whose rules apply to texts with this tag.

    Return None if the tag names no language. Return "" for every language without a
    stemmer and stop words: these languages share one analyzer.
    """
    primary = "" if tag is None else primary_language(tag)
    if primary in _NO_LANGUAGE_TAGS:
        return None
    return primary if primary in LANGUAGES or stop_words(primary) else ""
