"""The names of days and months in European languages, in lower case.

Many languages write them without a capital, so they do not look like names.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DAYS", "MONTHS", "is_month"]

_DAYS: Final = """
monday tuesday wednesday thursday friday saturday sunday
montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag
lundi mardi mercredi jeudi vendredi samedi dimanche
lunes martes miércoles jueves viernes sábado domingo
lunedì martedì mercoledì giovedì venerdì sabato domenica
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
måndag tisdag onsdag torsdag fredag lördag söndag mandag tirsdag lørdag søndag
poniedziałek wtorek środa środę czwartek piątek sobota sobotę niedziela niedzielę
понедельник вторник среда среду четверг пятница пятницу суббота субботу воскресенье
"""

_MONTHS: Final = """
january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec
januar februar märz mai juni juli oktober dezember
janvier février mars avril juin juillet août septembre octobre novembre décembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
janeiro fevereiro março maio junho julho setembro outubro novembro dezembro
januari februari maart mei augustus maj augusti marts desember
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada
grudnia января февраля марта апреля мая июня июля августа сентября октября ноября
декабря
"""

DAYS: Final = frozenset(_DAYS.split())
MONTHS: Final = frozenset(_MONTHS.split())


def is_month(word: str) -> bool:
    """Return whether a word beside a number is a month.

    It is none in "12 may have died".
    """
    return word.lower() in MONTHS and word not in ("may", "march", "mar")
