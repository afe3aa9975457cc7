"""Lines of JSON: articles in files and in requests, and judged questions."""

from __future__ import annotations

import json
from typing import Any, Final

from nutgraf.index.errors import InputError

__all__ = ["MAX_TEXT", "decode", "json_type", "parse_line"]

MAX_TEXT: Final = 32 * 1024 * 1024
"""The largest text file, and the longest line of JSONL, in bytes.

No real article is larger.
"""

JSON_TYPES: Final = {dict: "an object", list: "a list", bool: "true or false", int: "a number",
                float: "a number", str: "text"}  # fmt: skip


def parse_line(line: bytes, limit: int = MAX_TEXT) -> dict[str, Any]:
    """Return the JSON object on a line of at most `limit` bytes.

    Raises InputError if the line is longer or is not a JSON object.
    """
    if len(line) > limit:
        raise InputError(f"the line is longer than {limit:,} bytes; split or shorten it")
    try:
        fields = json.loads(decode(line.rstrip(b"\r\n")))
    except json.JSONDecodeError as error:
        raise InputError(
            f"this is not JSON: {error.msg.removesuffix(' at')} at column {error.colno}; write one "
            "object a line"
        ) from None
    except RecursionError:
        raise InputError(
            "this is JSON nested too deeply to be an article; write the fields at the top level"
        ) from None
    except ValueError as error:
        # Replace the message of Python about numbers with thousands of digits.
        reason = "a number is too long" if "int_max_str_digits" in str(error) else error
        raise InputError(f"this is not JSON: {reason}; write one object a line") from None
    if not isinstance(fields, dict):
        raise InputError(f"the line is {json_type(fields)}; it must be an object: {{...}}")
    return fields


def decode(content: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark.

    Raises InputError if `content` contains a NUL byte or is not UTF-8.
    """
    if (at := content.find(b"\x00")) >= 0:
        raise InputError(f"this is binary, not text: byte {at:,} is NUL")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"this is not UTF-8 text: byte {error.start:,} is 0x{content[error.start]:02x}; "
            "convert it to UTF-8"
        ) from None


def json_type(value: Any) -> str:
    """Return the JSON type of a value in words, for error messages."""
    return JSON_TYPES.get(type(value), "null")
