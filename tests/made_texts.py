"""Made texts: notices that fill in a template, and stories with true updates.

No two fills of a template are versions of one another. A story and its edited forms are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np

__all__ = ["EDITS", "STORIES", "TEMPLATES", "edited", "fills"]

TEMPLATES: Mapping[str, str] = {
    "obituary": "{person}, {age}, of {place}, died peacefully at home surrounded by family. A "
    "service will be held at St Mary's Church on Saturday at 11am, followed by burial in the "
    "parish cemetery. Donations to the hospice are welcome in lieu of flowers.",
    "court": "{person}, {age}, of {place}, pleaded guilty to speeding on the A9 and was fined £200 "
    "by magistrates, and ordered to pay costs of £85 and a victim surcharge of £80. The licence "
    "was endorsed with three points.",
    "hearing": "The hearing in case {case_id} was put off on Monday because the court had no "
    "interpreter. The judge told both parties to send in their papers within four weeks, and "
    "said that no further delay would be granted.",
    "flood": "A flood warning has been issued for the river at {place}. Flooding of roads, "
    "farmland and property close to the river is expected from this evening. Move cars and "
    "valuables to higher ground, and do not walk or drive through flood water.",
    "match": "Harbour Rovers drew level on points with the leaders after they ended the match at "
    "home to {place} Town with a result of {score} before a crowd that had waited for hours in "
    "the rain for the pitch to be declared fit.",
    "result": "The derby between Harbour Rovers and Quarry Athletic ended {score} on Saturday. "
    "Both coaches said that the pitch had been too wet for a proper match, and the referee took "
    "longer than usual to decide that it could be played at all.",
    "weather": "{place} will have a dry day with sunny spells and light winds from the west. "
    "Temperatures will reach {age} degrees in the afternoon and fall to {low} degrees in the "
    "night. The outlook for the rest of the week is mostly fair.",
    "earnings": "{company} reported a profit of {money} million dollars for the quarter, up "
    "{low} percent from a year earlier, on sales of {sales} million dollars. The board kept its "
    "forecast for the year and declared a dividend of {age} cents a share.",
    "traffic": "Drivers on the {road_id} near {place} face delays of an hour after a lorry shed "
    "its load. One lane is closed and the police ask drivers to use other roads until the "
    "surface has been cleaned, which is expected to take most of the day.",
    "polizei": "Bei einem Unfall in {place} ist am Freitag ein Radfahrer leicht verletzt worden. "
    "Nach Angaben der Polizei hatte {person} beim Abbiegen den Mann übersehen. Der Radfahrer "
    "wurde mit einem Rettungswagen in ein Krankenhaus gebracht. Es entstand geringer Schaden.",
    "avis": "{person}, de {place}, s'est éteint paisiblement à l'âge de {age} ans, entouré de sa "
    "famille. La cérémonie aura lieu à l'église de la paroisse samedi à 10 heures, suivie de "
    "l'inhumation au cimetière. La famille remercie le personnel de l'hôpital.",
    "partido": "El partido contra el equipo de {place} terminó con un resultado de {score} tras "
    "una segunda parte con pocas ocasiones. El entrenador dijo que el equipo había jugado bien y "
    "que el público debía tener paciencia hasta el final de la temporada.",
    "паводок": "Жители посёлка {place} предупреждены о паводке. Ожидается, что вода поднимется "
    "вечером и затопит дороги, поля и дома у реки. Спасатели просят перенести ценные вещи на "
    "верхние этажи и не ходить и не ездить через воду.",
    "عزاء": "توفي {person} من {place} عن عمر ناهز {age} عاما في منزله بين أفراد أسرته. وتقام صلاة "
    "الجنازة في المسجد الكبير يوم السبت بعد صلاة الظهر ثم يدفن في مقبرة المدينة. وتتقبل الأسرة "
    "العزاء في قاعة البلدية لمدة ثلاثة أيام.",
    "सूचना": "{place} के निवासी {person} का {age} वर्ष की आयु में घर पर निधन हो गया। अंतिम संस्कार "
    "शनिवार को सुबह नदी के घाट पर होगा और उसके बाद शोक सभा नगर के भवन में रखी जाएगी। परिवार ने "
    "सभी मित्रों और पड़ोसियों को धन्यवाद दिया है।",
}  # fmt: skip

_SYLLABLES: Mapping[str, tuple[str, str]] = {
    "паводок": ("Бер Кам Оль Ряб Сос Топ", "алино ево инка овка унь ычи"),
    "عزاء": ("بر در سل كم نج هر", "ات ون يم اد وش ير"),
    "सूचना": ("राम सीत मोह विज कमल गण", "पुर नगर देव लाल कार बाग"),
}
_LATIN: Final = ("Bal Dor Fen Kov Lin Mar", "ack eth imer oss und ysham")

_NUMBERS: Mapping[str, tuple[int, int]] = {
    "age": (31, 99), "low": (2, 60), "money": (100, 400), "sales": (1_000, 1_899),
    "case": (100, 900), "road": (10, 99),
}  # fmt: skip


def fills(name: str, many: int) -> list[str]:
    """Return up to 36 fills of a template, with other names and numbers in each."""
    random = np.random.default_rng([*name.encode()])
    starts, ends = (some.split() for some in _SYLLABLES.get(name, _LATIN))
    names = [start + end for start in starts for end in ends]
    firsts, lasts, places = (random.permutation(names).tolist() for _ in range(3))
    numbers = {
        key: random.choice(np.arange(*some), many, replace=False).tolist()
        for key, some in _NUMBERS.items()
    }
    return [
        TEMPLATES[name].format(
            person=f"{firsts[at]} {lasts[at]}",
            place=places[at],
            company=f"{lasts[at]} Motors",
            case_id=f"{numbers['case'][at]}/24",
            score=f"{at % 6}-{at // 6}",
            road_id=f"A{numbers['road'][at]}",
            **{key: some[at] for key, some in numbers.items()},
        )
        for at in range(many)
    ]


STORIES: Mapping[str, str] = {
    "quake": "At least 12 people were killed and 40 injured when an earthquake struck the valley "
    "of Selmere on Monday morning, the governor Ines Calloway said. Rescue teams from Port Aldan "
    "were digging for survivors under a school that had collapsed.",
    "strike": "Ferry crews in Port Aldan will walk out for two days from Friday after talks with "
    "the operator Soundline broke down. The union said that its members had not had a rise since "
    "2021, and that the offer of 3 percent did not cover the cost of living.",
    "budget": "The council voted by 23 votes to 19 for a budget that closes two libraries and "
    "keeps the swimming pool open. Councillor Dorothea Finch called the decision a mistake and "
    "said that residents of Marlow Heath had been given no chance to object.",
    "fire": "A fire in a warehouse on Canal Street sent smoke over the city on Tuesday. About 60 "
    "firefighters worked through the night, and a spokesman for the brigade, Amos Tull, said it "
    "would take days before the cause was known. Nobody was hurt.",
    "plain": "the mayor said that the bridge would be closed for repairs until the end of the "
    "summer, and that buses would take another way through the old town while the work goes on, "
    "which the traders in the market fear will cost them customers.",
    "hochwasser": "Nach dem Hochwasser in Altbrück werden noch 12 Menschen vermisst. Das sagte "
    "Bürgermeisterin Jutta Wendland am Donnerstag. Helfer aus dem ganzen Land räumen Schlamm aus "
    "den Kellern, während die Feuerwehr nach Angaben eines Sprechers weitere Dämme sichert.",
    "incendie": "L'incendie qui ravage la forêt de Valbonne depuis lundi a détruit 800 hectares, "
    "a indiqué la préfète Claire Aubanel. Quelque 300 pompiers luttent contre les flammes et "
    "12 maisons ont dû être évacuées dans la nuit, mais aucun blessé n'est à déplorer.",
    "huelga": "Los trabajadores del puerto de Almera irán a la huelga el viernes después de que "
    "fracasaran las negociaciones con la empresa Navisur. El sindicato pide una subida del 12 por "
    "ciento, y su portavoz, Lucía Herranz, dijo que la oferta era una burla.",
    "пожар": "Пожар на складе в Заречном удалось потушить только утром, сообщил глава района Олег "
    "Дроздов. В тушении участвовали 12 расчётов, пострадавших нет. Причину пожара выясняют "
    "следователи, а жителей соседних домов просят не открывать окна.",
    "زلزال": "قال محافظ المدينة إن 12 شخصا على الأقل قتلوا في الزلزال الذي ضرب الوادي صباح الاثنين "
    "وإن فرق الإنقاذ تبحث عن ناجين تحت أنقاض مدرسة انهارت. وأضاف أن المستشفيات استقبلت عشرات "
    "المصابين وأن الطرق المؤدية إلى القرى مقطوعة.",
}  # fmt: skip

_ADDED = "It was not known on Wednesday evening whether Harlan Voss and Mira Castell had been told."

Edit = Callable[[str], str]


def _with_word(place: float, new: Callable[[str], str]) -> Edit:
    """Return an edit that changes the first lower-case word after a share of the text."""

    def edit(text: str) -> str:
        words = text.split()
        for at in range(int(place * len(words)), len(words)):
            if words[at].isalpha() and len(words[at]) > 3 and not words[at][0].isupper():
                words[at] = new(words[at])
                break
        return " ".join(words)

    return edit


def _raised(text: str) -> str:
    return re.sub(r"\b12\b", "14", text)


EDITS: Mapping[str, Edit] = {
    "typo": _with_word(0.4, lambda word: word[:-2] + word[-1] + word[-2]),
    "word left out": _with_word(0.6, lambda word: ""),
    "word": _with_word(0.5, lambda word: "anders"),
    "sentence added": lambda text: f"{text} {_ADDED}",
    "credit added": lambda text: f"NORTHGATE (Wire) — {text}",
    "toll": _raised,
    "toll and injured": lambda text: _raised(text).replace("40", "55"),
    "toll and word": lambda text: _with_word(0.7, lambda word: "otherwise")(_raised(text)),
    "signs": lambda text: text.replace("'", "’").replace(" - ", " – "),
}


def edited(story: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each edited form of a story."""
    for name, edit in EDITS.items():
        text = edit(STORIES[story])
        if text != STORIES[story]:
            yield name, text
