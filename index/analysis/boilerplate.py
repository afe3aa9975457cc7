"""Boilerplate: paragraphs of a web page that are not text of the article itself.

The rules find these kinds of boilerplate:

- sign-ups: invitations to subscribe or to register
- pointers: links to other articles
- credits: names of photographers and of sources
- share lines: links to social networks, labels of advertisements
- notices of cookies and copyright

The rules recognise each kind by its first words and by the words that follow. A paragraph
of the article must not count as boilerplate, even if the rules then miss some boilerplate.
So they accept only short lines without narration or reported speech.

The rules are the same for all sources. Some sources repeat boilerplate in words of their
own; it is learned from their articles (catalog/learned_boilerplate.py).
"""

from __future__ import annotations

import re
from typing import Final

from nutgraf.index.analysis.runs import single_spaced

__all__ = ["MAX_BOILERPLATE", "is_boilerplate"]

MAX_BOILERPLATE: Final = 600
"""Most characters of a boilerplate paragraph. Longer paragraphs are not checked."""

MAX_OFFER: Final = 300
"""Most characters of a sign-up or a notice: both are short."""

MAX_POINTER: Final = 200
"""Most characters of a share line or of a pointer. A pointer contains a title."""

MAX_CREDIT: Final = 80
"""Most characters of a credit. A credit contains names but no sentence."""

_NETWORK: Final = (
    r"(?:facebook|twitter|x|instagram|whatsapp|linkedin|youtube|tiktok|bluesky|telegram|threads"
    r"|reddit|pinterest|mastodon|вконтакте|фейсбуке)"
)

_TOLD: Final = re.compile(
    r"""\b(?:said|says?|told|tells?|asked|ruled|reported|argued|warned|wrote|found|according\ to
    |was|were|had|did|went|came|he|she|they|their|him|his|her
    |sagte[n]?|sagt|laut|war|waren|wurde[n]?|hatte[n]?|dit|déclaré|selon|était|étaient
    |dijo|dice|según|fue|fueron|era|eran|disse|detto|secondo|segundo|foi|foram
    |zei|zegt|volgens|werd|werden|sade|säger|enligt|blev
    |сказал\w*|заявил\w*|сообщил\w*|был\w*|قال|قالت|كان|كانت)\b""",
    re.VERBOSE,
)
"""Match words of narration and reported speech.

Sign-ups and notices do not need such words.
"""

_POINTERS: Final = re.compile(
    r"""(?:read|see|learn|find\ out)\ more(?:\W*|\ (?:.{0,100}\ )?here\W*
        |\ (?:about|on|at|from|in)\ [^.,;!?]{1,100})$
    |(?:read\ (?:more|also|next|this)|also\ read|see\ also|don't\ miss
        |related\ (?:articles?|stor(?:y|ies)|content|coverage|links|reading|news|topics)
        |more\ (?:on\ this(?:\ (?:story|topic))?|from\ \w+|stories|news)
        |you\ (?:may|might)\ also\ (?:like|enjoy)|keep\ reading|continue\ reading)\ ?[:|»>→]
    |(?:related|recommended|watch|listen|more|must\ read)\ ?[:|»>→][^.]*$
    |don't\ miss\b[^.,;!?]{0,100}\bin\ pictures\W*$
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
    r"""((?:photo(?:graph)?s?|images?|pictures?|file\ (?:photo|image|picture))
        \ (?:by|credits?|courtesy(?:\ of)?)(?!\ ?:))\ (.+)
    |((?:photo(?:graph)?s?|images?|pictures?|file\ (?:photo|image|picture))
        (?:\ (?:by|credits?|courtesy(?:\ of)?|source))?\ ?:
    |credits?\ ?:|sources?(?:\ ?:|\ read\ full\ article)
    |(?:quellen?|fotos?|bild(?:er)?|bildquelle|crédits?(?:\ photos?)?|fuentes?|imagen|fonti?|fontes?
        |imagem|bron|beeld|källa|источник|фото|المصدر|صورة)\ ?[:/])(.*)""",
    re.VERBOSE | re.IGNORECASE,
)
"""Match the start of a credit, with or without a colon, and the text after it."""

_JOINING: Final = frozenset(
    {"a", "and", "at", "by", "courtesy", "e", "et", "for", "from", "für", "in", "of", "on", "the"}
    | {"to", "und", "via", "y", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do"}
    | {"du", "la", "le", "les", "van", "von"}
)
"""Words in lower case that occur between the names of a credit."""

MAX_PLAIN_CREDIT: Final = 4
"""Most words after the colon of a credit if some of them begin in lower case.

Some agencies write their names in lower case, and Russian nouns are in lower case.
"""

_SHARES: Final = re.compile(
    rf"""(?:share(?:\ this(?:\ (?:article|story|post|page|video))?)?
        (?:\ (?:on|via)\ {_NETWORK}.{{0,40}})?
    |tweet|copy\ link|print|e-?mail\ this\ (?:article|story|page)
    |(?:follow|like|find|join)\ us\ on\ {_NETWORK}(?:\ (?:and|or|&)\ {_NETWORK})*
        (?:\ (?:for|at|@).{{0,40}})?
    |advertisements?|sponsored(?:\ content)?
    |(?:story|article)\ continues\ (?:below|after)(?:\ (?:the\ )?advertisement)?
    |skip\ to\ (?:main\ )?content|(?:leave|post)\ a\ comment|(?:view|show)\ (?:all\ )?comments
    |(?:artikel\ )?teilen(?:\ auf\ {_NETWORK})?|anzeige
    |partager(?:\ cet\ article)?(?:\ sur\ {_NETWORK})?
    |publicité|comparti[rd](?:\ en\ {_NETWORK})?|publicidad
    |condividi(?:\ su\ {_NETWORK})?|pubblicità
    |(?:com)?partilh(?:e|ar)(?:\ n[oa]\ {_NETWORK})?|publicidade
    |deel\ (?:dit\ artikel|op\ {_NETWORK})
    |advertentie|dela\ (?:artikeln|på\ {_NETWORK})|annons
    |поделиться(?:\ (?:в|на)\ {_NETWORK})?|реклама
    )\W*$""",
    re.VERBOSE,
)

_SIGN_UPS: Final = re.compile(
    r"""we\ use\ your\ sign-?up\ to\b.{0,40}\byou\b
    |(?:sign\ up|subscribe|register)(?:\ (?:now|here|today))?\ (?:to|for)
        \ (?:our|your|the|a|this|my|free|daily|weekly|e-?mail)\b[^.;:?!]{0,60}
        \b(?:newsletters?|inbox|e-?mails?|alerts|updates|briefings?|channel|podcast|mailing\ list)
        (?:\W*$|[.!]\ |\ (?:for|to|with|and\ (?:get|receive)|here|now|today)\b)(?!.*["“”])
    |(?:sign\ up|subscribe|register)\ (?:now|here|today)
        (?:\ (?:for|to\ (?:get|read|enjoy))\ unlimited\ (?:articles|access|stories|reading))?\W*$
    |(?:get|receive|have)\ [^.;:?!]{0,80}\b(?:best\ of|news|newsletters?|stories|headlines
        |briefings?|updates|alerts|our)\b[^.;:?!]{0,60}
        \b(?:in|to|into)\ your\ inbox\b[^.;:?!,]{0,40}\W*$
    |enter\ your\ e-?mail(?:\ address)?(?:\ (?:below|here))?(?:\W*|
        \ to\ (?:sign|subscribe|get|receive|continue|register|join)\b[^.;:?!,]{0,60}\W*)$
    |(?:please\ )?enter\ a\ valid\ e-?mail(?:\ address)?\W*$
    |you\ can\ unsubscribe\ (?:at\ any\ time|here)
        (?:\W*|\ (?:by|using|via|through)\ [^.,;:?!]{1,80}\W*)$
    |by\ (?:signing\ up|subscribing|registering|clicking|submitting|entering\ your)\b.{0,80}
        \byou(?:'ll)?\ (?:agree|accept|consent|confirm|acknowledge|will\ receive)\b.{0,80}
        \b(?:our|privacy|terms\ of|cookies|e-?mails|newsletters?|marketing)\b
    |thank(?:s|\ you)\ for\ (?:signing\ up|subscribing)
        (?:\W*|\ (?:to|for)\ (?:our|the)\ [^.,;:?!]{1,60}\W*)$
    |already\ (?:a\ subscriber|have\ an\ account|subscribed)\ ?
        (?:\W*|\?\ ?(?:log|sign|click)\b[^.,;:?!]{0,60}\W*)$
    |this\ (?:article|story|content)\ is\ (?:only\ )?(?:for|available\ to)\ (?:our\ )?subscribers
        (?:\ only)?\W*$
    |newsletter\ (?:abonnieren|bestellen)\W*$
    |abonnieren\ sie\ (?:jetzt\ )?(?:unseren|den|unsere)\b.{0,60}\b(?:newsletter|kanal|podcast)\b
    |melden\ sie\ sich\ (?:hier\ )?für\ (?:unseren|den)\ newsletter\b
    |(?:abonnez|inscrivez)-vous\ à\ (?:notre|nos|la)\ .{0,30}\b(?:lettres?|newsletters?|chaîne)\b
    |suscr[íi]b(?:ete|ase)\ (?:aquí\W*$|al?\ .{0,30}\b(?:bolet[ií]n(?:es)?|newsletters?|canal)\b)
    |iscriviti\ (?:qui\W*$|all?a?\ .{0,30}\b(?:newsletters?|canale)\b)
    |(?:assine|inscreva-se)(?:\W*$|\ .{0,30}\b(?:newsletters?|boletim|canal)\b)
    |(?:meld\ je\ (?:hier\ )?aan\ voor|schrijf\ je\ in\ voor|abonneer\ je\ op)\ .{0,30}
        \b(?:nieuwsbrief|nieuwsbrieven|kanaal)\b
    |prenumerera\ på\ .{0,30}\bnyhetsbrev\b
    |подпи(?:шитесь|сывайтесь)\ на\ (?:нас\W*$|наш\w*\ |рассылку\b|.{0,20}\b(?:рассылку|канал)\b)
    |اشترك\ في\ (?:نشرتنا|النشرة|قناتنا)""",
    re.VERBOSE,
)

_RESERVED: Final = (
    r"(?:all\ rights\ reserved(?:\W*$|\W+©"
    r"|[.!]\ (?:this|no\ part|any|reproduction|unauthori[sz]ed|republication|terms)\b))"
)

_NOTICES: Final = re.compile(
    rf"""we(?:\ and\ our\ partners)?\ use\ cookies(?:\W*$|\b.{{0,120}}\b(?:(?:web)?sites?|browser
        |browsing|traffic|privacy|analytics|advertis\w+|consent|third\ part\w+)\b)
    |(?:this|our)\ (?:web)?site\ uses\ cookies(?:\W*$|\b.{{0,60}}\b(?:work|works|your?|experience
        |traffic|privacy|analytics|advertis\w+|content|browser|browsing)\b)
    |by\ (?:continuing|using)\b.{{0,60}}\b(?:our|this)\ (?:web)?site\b.{{0,60}}
        \byou\ (?:agree|accept|consent)\b.{{0,60}}\b(?:cookies|terms|policy|conditions)\b
    |(?:(?:accept|reject|manage)\ (?:all\ )?cookies\W*)+$
    |cookie\ (?:policy|settings|preferences|notice)\W*$
    |copyright\ ?(?:\(c\)\ ?)?(?:(?:19|20)\d\d\b)?[^.]{{0,80}}[.,;|–-]\ ?{_RESERVED}
    |copyright\ ?(?:\(c\)\ ?)?(?:19|20)\d\d\b[^.,;:?!]{{0,40}}\b(?:inc|ltd|llc|plc|gmbh)\W*$
    |\(c\)\ ?(?:copyright\ )?(?:19|20)\d\d\b[^.]{{0,80}}[.,;|–-]\ ?{_RESERVED}
    |{_RESERVED}
    |this\ material\ may\ not\ be\ published(?:\W*$|,\ (?:broadcast|rewritten|redistributed)\b)
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
        |جميع\ الحقوق\ محفوظة)(?:\W*$|\W+©)""",
    re.VERBOSE,
)

_OWNED: Final = re.compile(
    r"""(?:copyright\ ?)?©\ ?(?:copyright\ )?
        (?:\d{4}\b|.{0,80}\b(?:19|20)\d\d\b|.{0,80}rights\ reserved)""",
    re.VERBOSE,
)
"""Match a notice that begins with © or with "copyright ©".

No sentence of an article begins like this, so a long text may follow.
"""

_SENTENCES: Final = re.compile(r"[.!?]\s+\S")
"""Match the boundary between 2 sentences. A credit contains no boundary."""


def is_boilerplate(text: str) -> bool:
    """Return whether a paragraph is boilerplate by its wording.

    The rules cover English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish,
    Russian and Arabic.
    """
    if len(text) > MAX_BOILERPLATE:
        return False
    line = single_spaced(text).replace("’", "'")
    plain = line.casefold()
    length = len(plain)
    return bool(
        (length <= MAX_POINTER and (_POINTERS.match(plain) or _SHARES.match(plain)))
        or (length <= MAX_CREDIT and _is_credit(line))
        or (
            length <= MAX_OFFER
            and (_SIGN_UPS.match(plain) or _NOTICES.match(plain))
            and not _TOLD.search(plain)
        )
        or _OWNED.match(plain)
    )


def _is_credit(line: str) -> bool:
    """Return whether a line is a credit: it contains names, and nothing else."""
    found = _CREDITS.match(line)
    if found is None or _SENTENCES.search(line):
        return False
    names = (found[2] or found[4] or "").strip()
    words = re.findall(r"[^\W\d_][\w'.-]*", names)
    if all(word in _JOINING or not word[0].islower() for word in words):
        return any(word[0].isupper() for word in words) or found[2] is None
    brief = len(words) <= MAX_PLAIN_CREDIT and not names.endswith((".", "!", "?"))
    return found[3] is not None and (brief or names.casefold() == "read full article")
