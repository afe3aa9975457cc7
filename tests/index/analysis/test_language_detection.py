"""Detection of the language of an article without a language tag."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index
from nutgraf.index.analysis.language_detection import SAMPLE_CHARACTERS, detect_language

SAMPLES = {
    "ar": "وصلت العبارة إلى الميناء في المساء بعد عاصفة طويلة، ولم يصب أحد من الركاب بأذى.",
    "de": "Die Fähre erreichte den Hafen erst am Abend, nachdem der Sturm nachgelassen hatte.",
    "el": "Το πλοίο έφτασε στο λιμάνι το βράδυ, όταν σταμάτησε η καταιγίδα στα ανοιχτά.",
    "en": "The ferry reached the harbour in the evening, once the storm over the bay had passed.",
    "es": "El transbordador llegó al puerto por la noche, cuando ya había pasado la tormenta.",
    "fr": "Le bac est arrivé au port dans la soirée, une fois la tempête passée sur la baie.",
    "hi": "तूफ़ान थमने के बाद नाव शाम को बंदरगाह पहुँची और किसी यात्री को चोट नहीं आई।",
    "it": "Il traghetto è arrivato in porto in serata, quando la tempesta sulla baia era finita.",
    "ja": "嵐が過ぎたあと、フェリーは夕方に港へ着き、乗客にけがはありませんでした。",
    "nl": "De veerboot bereikte de haven pas in de avond, nadat de storm was gaan liggen.",
    "pt": "A balsa chegou ao porto à noite, depois que a tempestade sobre a baía passou.",
    "ro": "Feribotul a ajuns în port seara, după ce furtuna de deasupra golfului a trecut.",
    "ru": "Паром пришёл в порт только вечером, когда шторм утих, и никто не пострадал. "
    "Завтра он снова отправится в путь по обычному расписанию, сообщили в порту.",
    "sv": "Färjan nådde hamnen först på kvällen, när stormen över viken hade bedarrat.",
    "th": "เรือข้ามฟากถึงท่าเรือในตอนเย็นหลังจากพายุสงบ และไม่มีผู้โดยสารคนใดได้รับบาดเจ็บ",
    "tr": "Feribot, körfezdeki fırtına dindikten sonra akşam saatlerinde limana ulaştı.",
    "vi": "Chiếc phà cập cảng vào buổi tối, sau khi cơn bão trên vịnh đã tan.",
    "zh": "暴风雨过后，渡轮于傍晚抵达港口，没有乘客受伤，航班将于明天恢复。",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_language_is_detected_from_a_sentence_or_two(language: str) -> None:
    assert detect_language([SAMPLES[language]]) == language


def test_longest_paragraph_decides_on_the_language() -> None:
    title = "Von Hohenstein und Söhne, Lübeck an der Trave"
    assert detect_language([title, SAMPLES["en"], "Foto: dpa"]) == "en"


@pytest.mark.parametrize("text", ["", "Die Fähre", "x" * 100, "12345 " * 20, "ferry harbour " * 8])
def test_unclear_language_is_not_guessed(text: str) -> None:
    assert detect_language([text]) is None


def test_only_the_start_is_read() -> None:
    whole = SAMPLES["en"] * 9
    assert len(whole.encode()) > SAMPLE_CHARACTERS
    assert detect_language([whole, SAMPLES["ru"]]) == "en"
    assert detect_language([SAMPLES["de"] * 4 + SAMPLES["en"] * 9]) == "de"


@given(st.lists(st.text(max_size=400), max_size=3))
def test_same_text_always_has_the_same_language(paragraphs: list[str]) -> None:
    found = detect_language(paragraphs)
    assert found is None or len(found) == 2
    detect_language([SAMPLES["ja"]])
    assert detect_language(paragraphs) == found


def test_language_is_stored_with_the_article(tmp_path: Path, tiny_encoder: Path) -> None:
    articles = [
        Article("told", "Le bac", (SAMPLES["fr"],)),
        Article("given", "Le bac", (SAMPLES["fr"],), language="en-GB"),
        Article("unclear", "Bac", ("Bac.",)),
    ]
    create_index(tmp_path / "i", model=str(tiny_encoder), language="sv")
    with IndexWriter(tmp_path / "i") as writer:
        assert [writer.put(article) for article in articles] == ["created"] * 3
        writer.commit()
        assert [writer.put(article) for article in articles] == ["unchanged"] * 3
    with IndexSnapshot.open(tmp_path / "i") as snapshot:
        found = {name: snapshot.article(name) for name in ("told", "given", "unclear")}
    languages = {name: record and record.language for name, record in found.items()}
    assert languages == {"told": "fr", "given": "en-GB", "unclear": "sv"}
