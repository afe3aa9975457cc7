"""Words that a question can do without. They stay in the index: phrases need them."""

from __future__ import annotations

from typing import Final

__all__ = ["STOP_WORDS"]

# "us" is missing on purpose: it is the term of U.S., too.
_ENGLISH: Final = """
a an the this that these those some any each every either neither such i me my mine we our ours
you your yours he him his she her hers it its they them their theirs myself ourselves yourself
himself herself itself themselves one am is are was were be been being do does did doing done
have has had having can could may might must shall should will would ought let get got isn't
aren't wasn't weren't don't doesn't didn't haven't hasn't hadn't can't couldn't won't wouldn't
shouldn't i'm you're we're they're i've you've we've they've i'd he'd she'd we'd they'd i'll
he'll she'll it'll we'll you'll they'll and or but nor so yet if then than because while though
although as unless whether of in on at by to from for with without about into onto upon over
under between among through during before after since until till against within across toward
towards via per who whom whose what which when where why how there here not no yes also too very
just only even ever again still more most much many up down out off both few own same other
another please tell show give find
"""

STOP_WORDS: Final[dict[str, frozenset[str]]] = {"en": frozenset(_ENGLISH.split())}
"""Language tag -> folded words. A language that is missing has none."""
