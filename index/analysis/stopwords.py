"""Stop words: words that a question does not need.

An index contains stop words too, because a phrase in a question can contain them.

The lists for English and for languages without a Snowball list are our own. They contain
articles, pronouns, prepositions, conjunctions, auxiliaries and question words. The other
lists are the Snowball lists that whoosh includes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from nutgraf.index.analysis.folding import fold

__all__ = ["has_meaning", "stop_words"]

# "us" is omitted on purpose: "U.S." is converted to the same term, and is not a stop word.
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

_ADDED_LISTS: Final = {
    "en": _ENGLISH,
    "ar": """
في من على إلى عن مع هذا هذه ذلك تلك هؤلاء التي الذي الذين اللذان ما ماذا متى أين كيف لماذا كم هل
من أي أية هو هي هم هن أنا نحن أنت أنتم كان كانت كانوا يكون تكون ليس ليست قد لقد أن إن لأن لكن بل
ثم أو أم و لا لم لن ما بين بعد قبل عند حتى منذ خلال حول كما كل بعض غير أيضا به بها له لها لهم
فيه فيها منه منها عليه عليها إذا إذ
""",
    "ca": """
el la els les un una uns unes de del dels d a al als en amb per pel pels i o ni però que què qui
quin quina quins quines com quan on quant quants per què és són era eren ser estar està estan va
van ha han hi ho li els seu seva seus seves aquest aquesta aquests aquestes això més molt molts
no sí també entre fins sobre sense
""",
    "cs": """
a i o u v ve k ke s se z ze na do od po pro pri pred pod nad mezi bez za ale nebo ani že aby
když protože jako co kdo kde kdy jak proč který která které kteří jaký jaká jaké kolik je jsou
byl byla bylo byli být jsem jsi jsme jste má mají to ten ta ty toho tím těch tento tato toto si
jeho její jejich svůj se ne není už také jen
""",
    "el": """
ο η το οι τα του της των τον την τους τις ένας μία μια ένα ενός μιας σε στο στη στην στον στους
στις στα από με για προς παρά κατά μετά μεταξύ χωρίς ως και ή είτε ούτε αλλά όμως ότι πως που αν
όταν όπως γιατί διότι ενώ τι ποιος ποια ποιο ποιοι ποιες ποιων ποιον πόσο πόση πόσοι πόσες πόσα
πότε πού πώς είναι ήταν είμαι είμαστε είχε είχαν έχει έχουν έχω θα να δεν μην αυτός αυτή αυτό
αυτοί αυτές αυτά αυτού αυτής αυτών μου σου μας σας
""",
    "hi": """
का के की को से में पर ने और या एक यह ये वह वे इस उस इन उन है हैं था थे थी थीं हो हुआ हुई हुए
होता होती होते कर करने करता करते किया किए गया गई गए लिए साथ तक भी ही तो जो जिस जिन कि क्या कौन
कब कहाँ कहां कैसे क्यों कितना कितने कितनी किस किसने किसके किसकी अपने अपना अपनी द्वारा बाद पहले
नहीं
""",
    "id": """
yang di ke dari dan atau pada dengan untuk oleh dalam ini itu adalah ialah akan telah sudah
sedang tidak bukan juga karena sebagai bahwa agar jika apa siapa kapan dimana mana bagaimana
mengapa berapa ia dia mereka kami kita saya aku anda kamu nya para sang si ada dapat bisa
""",
    "pl": """
a i o u w we z ze na do od po dla przy przed pod nad między bez za ale lub albo ani że aby żeby
gdy kiedy bo jak co kto gdzie dlaczego który która które którzy których jaki jaka jakie ile czy
jest są był była było byli być ma mają to ten ta te tego tej tych tym się jego jej ich swój nie
już także też tylko jako przez
""",
    "ro": """
un o al a ai ale lui de din la în pe cu pentru prin spre între despre fără după până sub peste
și sau ori nici dar însă că să ca dacă când cum unde cine ce care cui cât câtă câți câte de ce
este sunt era erau fi fost fiind am ai are avem aveți au avea avut va vor nu se își îi îl le i l
el ea ei ele lor său sa săi sale acest această acești aceste acel acea acei acele mai foarte
doar tot toate
""",
    "vi": """
là và của có cho được các những một trong với để từ khi thì mà này đó kia ấy ở ra vào lên xuống
đến tới bởi do vì nếu nhưng hay hoặc cũng đã đang sẽ không chưa rằng như gì nào ai đâu sao bao
nhiêu thế bị tại về theo trên dưới sau trước giữa cùng
""",
}

_SNOWBALL: Final = frozenset(
    {"da", "de", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ru", "sv", "tr"}
)

_NOT_STOP_WORDS: Final = {
    # Words of the Snowball lists that are forms of "to be" and "to feel", but also nouns: state and
    # sense in Spanish, summer in French, state in Italian.
    "es": frozenset({"estado", "estados", "sentido", "sentidos"}),
    "fr": frozenset({"été", "étés"}),
    "it": frozenset({"stati", "stato"}),
}


def has_meaning(word: str, is_stop: Callable[[str], bool]) -> bool:
    """Tell whether a word is longer than one character, no number and no stop word."""
    if len(word) < 2:
        return False
    has_number = not (word.isascii() and word.isalpha()) and any(map(str.isnumeric, word))
    return not has_number and not is_stop(word)


@cache
def stop_words(language: str) -> frozenset[str]:
    """Return the folded stop words of a language, such as "de".

    The set is empty for a language without a list.
    """
    if language in _ADDED_LISTS:
        return frozenset(map(fold, _ADDED_LISTS[language].split()))
    if language not in _SNOWBALL:
        return frozenset()
    # Imported here so that only an index of such a language loads the module.
    from whoosh.lang.stopwords import stoplists

    words = stoplists[language] - _NOT_STOP_WORDS.get(language, frozenset())
    return frozenset(map(fold, words))
