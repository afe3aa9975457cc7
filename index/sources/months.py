"""The names of months and the letters of time zones, for `dates`."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Final

__all__ = ["HOURS", "US_HOURS", "month_of", "plain"]

HOURS: Final = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1,
    "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3, "SAST": 2, "MSK": 3,
    "IST": 5.5, "PKT": 5, "WIB": 7, "SGT": 8, "HKT": 8, "AWST": 8, "JST": 9, "KST": 9,
    "ACST": 9.5, "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "NST": -3.5, "NDT": -2.5, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5,
    "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
"""Hours east of UTC. Those of North America are RFC 2822's; IST is India's, BST Britain's."""

US_HOURS: Final = {"ET": -5, "CT": -6, "MT": -7, "PT": -8}
"""In winter, of zones that American papers write without saying which half of the year it is."""

_SHORTEST: Final = 3
"""Letters that an abbreviation of a month needs."""

_NAMES: Final = (
    # English, German, French, Spanish, Italian, Portuguese, Dutch, the Scandinavian languages,
    # Finnish, Romanian, Hungarian, Polish, Czech, Turkish, Indonesian; then Russian, Ukrainian,
    # Greek, Arabic, Hindi and Thai. In what case they stand after a day.
    "january januar janner janvier enero gennaio janeiro januari tammikuuta ianuarie január "
    "stycznia ledna ocak января січня ιανουαριου يناير जनवरी มกราคม ม.ค",
    "february februar feber fevrier febrero febbraio fevereiro februari helmikuuta februarie "
    "lutego unora subat pebruari февраля лютого φεβρουαριου فبراير फरवरी กุมภาพันธ์ ก.พ",
    "march marz maerz mars marzo marco maart maaliskuuta martie marcius marca brezna mart maret "
    "mar mrt марта березня μαρτιου مارس मार्च มีนาคม มี.ค",
    "april avril abril aprile huhtikuuta aprilie aprilis kwietnia dubna nisan апреля квітня "
    "απριλιου أبريل ابريل अप्रैल เมษายน เม.ย",
    "may mai mayo maggio maio mei maj toukokuuta majus maja kvetna mayis мая травня μαιου مايو "
    "मई พฤษภาคม พ.ค",
    "june juni juin junio giugno junho kesakuuta iunie junius czerwca cervna haziran июня червня "
    "ιουνιου يونيو जून มิถุนายน มิ.ย",
    "july juli juillet julio luglio julho heinakuuta iulie julius lipca cervence temmuz июля "
    "липня ιουλιου يوليو जुलाई กรกฎาคม ก.ค",
    "august aout agosto augustus augusti elokuuta augusztus sierpnia srpna agustos agustus "
    "августа серпня αυγουστου أغسطس اغسطس अगस्त สิงหาคม ส.ค",
    "september septembre septiembre settembre setembro syyskuuta septembrie szeptember wrzesnia "
    "zari eylul сентября вересня σεπτεμβριου سبتمبر सितंबर सितम्बर กันยายน ก.ย",
    "october oktober octobre octubre ottobre outubro lokakuuta octombrie pazdziernika rijna ekim "
    "октября жовтня οκτωβριου أكتوبر اكتوبر अक्टूबर अक्तूबर ตุลาคม ต.ค",
    "november novembre noviembre novembro marraskuuta noiembrie listopada listopadu kasim "
    "nopember ноября листопада νοεμβριου نوفمبر नवंबर नवम्बर พฤศจิกายน พ.ย",
    "december dezember decembre diciembre dicembre dezembro joulukuuta decembrie grudnia "
    "prosince aralik desember декабря грудня δεκεμβριου ديسمبر दिसंबर दिसम्बर ธันวาคม ธ.ค",
)


def plain(text: str) -> str:
    """Return `text` without accents, in small letters."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in split if not unicodedata.combining(letter))


@lru_cache(maxsize=1_000)
def month_of(word: str) -> int | None:
    """Return 1 to 12 for the name of a month or its abbreviation; None for another word.

    An abbreviation is the first three letters or more, where these begin months
    of one number only: "jui" could be June or July in French. (Finnish November begins as
    March does everywhere else, so "mar" is a name of its own.)
    """
    return _months().get(plain(word.strip(".")))


@cache
def _months() -> dict[str, int]:
    """Return every name and abbreviation, without accents, with the number of its month."""
    numbers: dict[str, set[int]] = {}
    names: dict[str, int] = {}
    for number, line in enumerate(_NAMES, 1):
        for name in map(plain, line.split()):
            names[name] = number
            for end in range(_SHORTEST, len(name)):
                numbers.setdefault(name[:end], set()).add(number)
    short = {name: found.pop() for name, found in numbers.items() if len(found) == 1}
    return short | names
