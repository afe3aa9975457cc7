"""Boilerplate: what stands among paragraphs and tells nothing of the story.

Sign-ups, pointers to other articles, credits, share lines, notices of cookies
and of copyright, known by how they begin. The rules would rather let one pass
than take a paragraph for one: nearly all of them want a line that is short and
is no prose. What a source repeats in its own words is learned from its articles
(learning.py).
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MAX_BOILERPLATE", "is_boilerplate"]

MAX_BOILERPLATE: Final = 600
"""Characters of a paragraph that can be boilerplate: a longer one is looked at by nobody."""

MAX_POINTER: Final = 200
"""Characters of a line that points to another article: it holds a title."""

MAX_CREDIT: Final = 80
"""Characters of a credit: names, and no sentence."""

_POINTERS: Final = re.compile(
    r"""(?:read|see|learn|find\ out)\ more(?:\ (?:here|about|on|at|from|in)\b.{0,120})?\W*$
    |(?:read\ (?:more|also|next|this)|also\ read|see\ also|related|recommended|watch|listen|more
        |related\ (?:articles?|stor(?:y|ies)|content|coverage|links|reading|news|topics)
        |more\ (?:on\ this(?:\ (?:story|topic))?|from\ \w+|stories|news)|don't\ miss|must\ read
        |you\ (?:may|might)\ also\ (?:like|enjoy)|keep\ reading|continue\ reading)\ ?[:|»>→]
    |(?:related\ (?:articles|stories|content|coverage|topics)|you\ (?:may|might)\ also\ like
        |more\ on\ this\ story|recommended\ reading|most\ read|continue\ reading
        |keep\ reading)\W*$
    |(?:lesen\ sie\ (?:auch|mehr|dazu|hierzu)|mehr\ zum\ thema|auch\ interessant|weiterlesen
        |(?:à\ )?lire\ (?:aussi|également)|à\ voir\ aussi|pour\ aller\ plus\ loin
        |le[ea]\ (?:también|además|más)|leer\ más|te\ puede\ interesar|le\ puede\ interesar
        |leggi\ anche|leggi\ tutto|potrebbe\ interessarti
        |leia\ (?:também|mais)|saiba\ mais|veja\ também
        |lees\ (?:ook|verder|meer)|läs\ (?:också|även|mer)|читайте\ также|читать\ далее
        |اقر[أا]\ (?:أيض[اًا]*|المزيد))(?:\ ?[:|»>→].*|\W*)$""",
    re.VERBOSE,
)

_CREDITS: Final = re.compile(
    r"""(?:photo(?:graph)?s?|images?|pictures?|file\ (?:photo|image|picture))
        (?:\ (?:by|credits?|courtesy(?:\ of)?|source)\b\ ?:?|\ ?:)
    |(?:(?:photo|image|picture)\ )?credits?\ ?:
    |sources?(?:\ ?:|\ read\ full\ article)
    |(?:quellen?|fotos?|bild(?:er)?|bildquelle|crédits?(?:\ photos?)?|fuentes?|imagen|fonti?|fontes?
        |imagem|bron|beeld|källa|bild|источник|фото|المصدر|صورة)\ ?[:/]""",
    re.VERBOSE,
)

_SHARES: Final = re.compile(
    r"""(?:share\ (?:this|on|via)\b.{0,60}|share|tweet|copy\ link|print|e-?mail\ this\ \w+
    |(?:follow|like|find|join)\ us\ on
        \ (?:facebook|twitter|x|instagram|whatsapp|linkedin|youtube|tiktok|bluesky)\b.{0,60}
    |advertisements?|sponsored(?:\ content)?
    |(?:story|article)\ continues\ (?:below|after)(?:\ (?:the\ )?advertisement)?
    |skip\ to\ (?:main\ )?content|(?:leave|post)\ a\ comment|(?:view|show)\ (?:all\ )?comments
    |(?:artikel\ )?teilen(?:\ auf\ .{1,40})?|anzeige|partager(?:\ (?:sur|cet\ article).{0,40})?
    |publicité|comparti[rd](?:\ en\ .{1,40})?|publicidad|condividi(?:\ su\ .{1,40})?|pubblicità
    |(?:com)?partilh(?:e|ar)(?:\ .{1,40})?|publicidade|deel\ (?:dit\ artikel|op\ .{1,40})
    |advertentie|dela\ (?:artikeln|på\ .{1,40})|annons|поделиться(?:\ .{1,40})?|реклама
    )\W*$""",
    re.VERBOSE,
)

_SIGN_UPS: Final = re.compile(
    r"""we\ use\ your\ sign-?up\b
    |(?:sign\ up|subscribe|register)\b(?=.*\b(?:newsletters?|inbox|e-?mails?|alerts|updates|our
        |channel|today|here|unlimited)\b)(?!.*["“”])
    |(?:get|receive|have)\ .{3,80}\b(?:in|to)\ your\ inbox
    |enter\ your\ e-?mail\b|(?:please\ )?enter\ a\ valid\ e-?mail\b
    |you\ can\ unsubscribe\ (?:at\ any\ time|here)\b
    |by\ (?:signing\ up|subscribing|registering|clicking|submitting|entering\ your)\b.{0,80}
        \byou(?:'ll)?\ (?:agree|accept|consent|confirm|acknowledge|will)
    |thank(?:s|\ you)\ for\ (?:signing\ up|subscribing)
    |already\ (?:a\ subscriber|have\ an\ account|subscribed)\b
    |this\ (?:article|story|content)\ is\ (?:only\ )?(?:for|available\ to)\ (?:our\ )?subscribers
    |(?:newsletter\ (?:abonnieren|bestellen)|abonnieren\ sie\ (?:unseren|den|jetzt)
        |melden\ sie\ sich\ (?:hier\ )?für\ (?:unseren|den)\ newsletter
        |abonnez-vous\ à|inscrivez-vous\ à\ (?:notre|la)\ newsletter
        |suscr[íi]b(?:e|a|i)(?:te|se)\ (?:a|al|aquí)|iscriviti\ (?:alla|al|qui)
        |assine\ (?:a|nossa|o|já)|inscreva-se|meld\ je\ (?:hier\ )?aan\ voor
        |schrijf\ je\ in\ voor|abonneer\ je\ op|prenumerera\ på
        |подпи(?:шитесь|сывайтесь)\ на|اشترك\ في)\b""",
    re.VERBOSE,
)

_NOTICES: Final = re.compile(
    r"""(?:we|this\ (?:web)?site|our\ (?:web)?site|we\ and\ our\ partners)\ uses?\ cookies
    |by\ (?:continuing|using)\b.{0,60}\b(?:our|this)\ (?:web)?site\b.{0,60}
        \byou\ (?:agree|accept|consent)
    |(?:accept|reject|manage)\ (?:all\ )?cookies|cookie\ (?:policy|settings|preferences|notice)\W*$
    |(?:copyright\ ?)?(?:©|\(c\))\ ?(?:copyright\ )?
        (?:\d{4}\b|.{0,80}\b(?:19|20)\d\d\b|.{0,80}rights\ reserved)
    |copyright\ (?:(?:19|20)\d\d\b|.{0,80}all\ rights\ reserved)
    |all\ rights\ reserved|this\ material\ may\ not\ be\ published
    |(?:diese|unsere)\ web(?:site|seite)\ (?:verwendet|nutzt)\ cookies
    |wir\ (?:verwenden|nutzen)\ cookies
    |(?:ce\ site|notre\ site)\ utilise\ des\ cookies|nous\ utilisons\ des\ cookies
    |(?:este\ (?:sitio|site)|esta\ web)\ (?:web\ )?(?:utiliza|usa)\ cookies
    |(?:utilizamos|usamos)\ cookies
    |questo\ sito\ (?:web\ )?(?:utilizza|usa)\ (?:i\ )?cookie
    |deze\ (?:web)?site\ (?:maakt\ gebruik\ van|gebruikt)\ cookies
    |(?:alle\ rechte\ vorbehalten|tous\ droits\ réservés|todos\ los\ derechos\ reservados
        |tutti\ i\ diritti\ (?:sono\ )?riservati|todos\ os\ direitos\ reservados
        |alle\ rechten\ voorbehouden|alla\ rättigheter\ förbehållna|все\ права\ защищены
        |جميع\ الحقوق\ محفوظة)""",
    re.VERBOSE,
)

_SENTENCES: Final = re.compile(r"[.!?]\s+\S")
"""Where one sentence ends and another begins: a credit has no two."""


def is_boilerplate(text: str) -> bool:
    """Tell whether a paragraph is boilerplate by its looks, in English and in nine languages more.

    These are German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Russian and Arabic.
    """
    if len(text) > MAX_BOILERPLATE:
        return False
    plain = " ".join(text.split()).casefold().replace("’", "'")
    length = len(plain)
    return bool(
        (length <= MAX_POINTER and (_POINTERS.match(plain) or _SHARES.match(plain)))
        or (length <= MAX_CREDIT and _CREDITS.match(plain) and not _SENTENCES.search(plain))
        or _SIGN_UPS.match(plain)
        or _NOTICES.match(plain)
    )
