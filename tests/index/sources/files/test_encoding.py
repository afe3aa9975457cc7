"""Encodings: known ones are decoded, and guesses and faults are reported."""

import pytest
from hypothesis import given, strategies as st

from nutgraf.index.errors import InputError
from nutgraf.index.sources.files.encoding import declared_encoding, decode_any

GERMAN = "Die Fähre über den Fluß fährt nicht mehr. Die Bürger ärgern sich über die Schließung."
RUSSIAN = "Паром больше не ходит. Жители недовольны закрытием переправы, и никто не знает почему."
JAPANESE = "渡し船はもう運航していません。住民は閉鎖に怒っています。"
POLISH = "Prom już nie kursuje. Mieszkańcy są źli z powodu zamknięcia i nikt nie wie dlaczego."


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_overrides_declaration(codec):
    assert decode_any(JAPANESE.encode(codec), "cp1252").text == JAPANESE


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        (GERMAN, "ISO-8859-1"),
        (RUSSIAN, "windows-1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "Shift_JIS"),
        (JAPANESE, "euc-jp"),
        (JAPANESE, "iso-2022-jp"),
        (JAPANESE, "gb18030"),
    ],
)
def test_declared_encoding_is_used(text, declared):
    assert decode_any(text.encode(declared), declared).text == text


def test_names_mean_the_same_encodings_as_in_browsers():
    assert decode_any(b"\x93Mast\x94", "latin1").text == "“Mast”"
    assert decode_any("①".encode("cp932"), "shift_jis").text == "①"


def test_utf_8_is_recognised_despite_another_declaration():
    assert decode_any(GERMAN.encode(), "iso-8859-1").text == GERMAN
    assert decode_any(GERMAN.encode(), "utf-16").text == GERMAN


@pytest.mark.parametrize(
    ("text", "codec"), [(GERMAN, "cp1252"), (RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r"),
                        (POLISH, "iso8859-2")]
)  # fmt: skip
def test_undeclared_encoding_is_guessed_and_reported(text, codec):
    found = decode_any(text.encode(codec))
    assert found.text == text
    assert "it was read as" in found.oddity


@pytest.mark.parametrize(
    "text",
    [
        "Après les élections à Nîmes, près de deux cents gens ont quitté la crèche où l'œuvre "
        "coûtera dix millions, a déclaré Zoë Lefèvre.",
        "Brannen på Nordøya ble slukket i natt, sier ordføreren i Hægeland, som håper at båten "
        "kan gå igjen på søndag etter at været ble bedre.",
    ],
)
def test_french_and_norwegian_are_not_guessed_as_polish(text):
    assert decode_any(text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    ("content", "declared", "words"),
    [
        (b"Caf\xe9", None, "byte 3 is 0xe9; convert it to UTF-8"),
        (JAPANESE.encode("euc_jp"), None, "convert it to UTF-8 (it may be "),
        (b"Caf\xe9", "x-klingon", "the declared encoding 'x-klingon' is unknown"),
        (b"Caf\xe9", "punycode", "the declared encoding 'punycode' is unknown"),
        (RUSSIAN.encode("cp1251"), "gb18030", "the text is not in the declared encoding gb18030"),
        (b"a\x00b", None, "binary, not text: byte 1 is NUL"),
        (b"a\x00b", "koi8-r", "binary, not text: byte 1 is NUL"),
        (bytes(range(128, 256)) * 9, None, "not UTF-8"),
    ],
)
def test_unknown_encodings_and_binary_content_are_rejected(content, declared, words):
    with pytest.raises(InputError) as caught:
        decode_any(content, declared)
    assert words in str(caught.value)


def test_stray_byte_in_a_long_text_is_replaced_and_reported():
    content = JAPANESE.encode("euc_jp") * 100 + b"\xff"
    found = decode_any(content, "euc-jp")
    assert found.text == JAPANESE * 100 + "\ufffd"
    assert "1 character is invalid in euc_jp" in found.oddity


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b'<?xml version="1.0" encoding="koi8-r"?><rss/>', "koi8-r"),
        (b"<html><meta charset=utf-8>", "utf-8"),
        (b'<META http-equiv="Content-Type" content="text/html; charset=Big5">', "Big5"),
        (b"<p>charset=big5", None),
    ],
)
def test_declarations_are_found(content, name):
    assert declared_encoding(content) == name


@given(st.binary(max_size=300), st.sampled_from([None, "gbk", "utf-16", "koi8-r", "hex", "\x00"]))
def test_any_bytes_give_text_or_an_input_error(content, declared):
    try:
        found = decode_any(content, declared)
    except InputError:
        return
    assert isinstance(found.text, str)
