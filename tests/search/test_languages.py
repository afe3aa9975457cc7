"""An index of many languages: questions find their language, and names in all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from whoosh.query import Term

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index, verify_index
from nutgraf.index.analysis.analyzer import Analyzers
from nutgraf.index.errors import BrokenIndexError
from nutgraf.index.keywords import Engine
from nutgraf.index.reader.languages import make_question_analyzer
from nutgraf.search import Filters, Searcher
from nutgraf.search.query.trees import confined

STORIES = {
    "ar": (
        "يخبز خبازان الآن كل الخبز الذي تأكله مدارس المدينة الثلاث.",
        "من يخبز الخبز في المدرسة",
    ),
    "de": (
        "Zwei Bäcker backen nun das ganze Brot, das die drei Schulen der Stadt essen.",
        "welcher Bäcker backt Brote für die Schule",
    ),
    "el": (
        "Δύο αρτοποιοί ψήνουν πλέον όλο το ψωμί που τρώνε τα τρία σχολεία της πόλης.",
        "ποιος ψήνει το ψωμί του σχολείου",
    ),
    "en": (
        "Two bakers now bake all the bread that the town's three schools eat.",
        "who is baking bread for the school",
    ),
    "es": (
        "Dos panaderos hornean ahora todo el pan que comen las tres escuelas de la ciudad.",
        "qué panadero hornea el pan de la escuela",
    ),
    "fr": (
        "Deux boulangers cuisent désormais tout le pain que mangent les trois écoles de la ville.",
        "quel boulanger cuit le pain de l'école",
    ),
    "hi": (
        "दो बेकर अब शहर के तीन स्कूलों की सारी रोटी पकाते हैं।",
        "स्कूल की रोटी कौन पकाता है",
    ),
    "it": (
        "Due fornai cuociono ora tutto il pane che mangiano le tre scuole della città.",
        "quale fornaio cuoce il pane della scuola",
    ),
    "ja": (
        "今では二人のパン職人が町の三つの学校のパンをすべて焼いている。",
        "学校のパンを焼く職人は誰か",
    ),
    "nl": (
        "Twee bakkers bakken nu al het brood dat de drie scholen van de stad eten.",
        "welke bakker bakt het brood voor de scholen",
    ),
    "pl": (
        "Dwaj piekarze wypiekają teraz cały chleb, który jedzą trzy szkoły w mieście.",
        "jaki piekarz wypieka chleb dla szkoły",
    ),
    "pt": (
        "Dois padeiros assam agora todo o pão que comem as três escolas da cidade.",
        "qual padeiro assa o pão da escola",
    ),
    "ro": (
        "Doi brutari coc acum toată pâinea pe care o mănâncă cele trei școli ale orașului.",
        "ce brutar face pâinea școlii",
    ),
    "ru": (
        "Два пекаря пекут теперь весь хлеб, который едят три школы города.",
        "какой пекарь печёт хлеб для школы",
    ),
    "sv": (
        "Två bagare bakar nu allt bröd som stadens tre skolor äter.",
        "vilken bagare bakar brödet till skolan",
    ),
    "th": (
        "ตอนนี้คนทำขนมปังสองคนอบขนมปังทั้งหมดให้โรงเรียนสามแห่งในเมือง",
        "ใครอบขนมปังให้โรงเรียน",
    ),
    "tr": (
        "Artık iki fırıncı, kentin üç okulunun yediği bütün ekmeği pişiriyor.",
        "okulun ekmeğini hangi fırıncı pişirir",
    ),
    "vi": (
        "Hai thợ làm bánh nay nướng toàn bộ bánh mì cho ba trường học trong thành phố.",
        "thợ nào nướng bánh mì cho trường học",
    ),
    "zh": (
        "现在两位面包师为城里的三所学校烤所有的面包。小猫也来了。",
        "谁为学校烤面包",
    ),
}  # fmt: skip

MORE = [
    Article("die", "Hohenfels", ("Trains will go to Hohenfels, where many die.",), language="en"),
    Article("stirbt", "Hohenfels", ("Die Häuser in Hohenfels waren leer.",), language="de-AT"),
    Article("krieg", "Nachkrieg", ("Die Frage nach dem war unklar.",), language="de"),
    Article("war", "War", ("Nobody knows how the war began.",), language="en"),
]


@pytest.fixture(scope="module")
def index(engine: Engine, tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    index = tmp_path_factory.mktemp("languages") / "i"
    create_index(index, model=str(tiny_encoder), keyword_engine=engine)
    with IndexWriter(index, trust=True) as writer:
        for language, (text, _) in STORIES.items():
            writer.put(Article(language, "Nutgraf", (text,), language=language))
        for article in MORE:
            writer.put(article)
    return index


@pytest.fixture(scope="module")
def searcher(index: Path) -> Iterator[Searcher]:
    with Searcher(index, trust=True) as opened:
        yield opened


def ids(searcher: Searcher, question: str, **more: object) -> list[str]:
    hits = searcher.search(question, mode="keyword", **more).hits  # type: ignore[arg-type]
    return [hit.article.id for hit in hits]


def marked(searcher: Searcher, question: str, article: str) -> list[str]:
    for hit in searcher.search(question, mode="keyword", limit=30).hits:
        if hit.article.id == article:
            shown = hit.snippet
            return [shown.text[one.start : one.end] for one in shown.highlights]
    raise AssertionError(f"{article} is not found")


@pytest.mark.parametrize("language", STORIES)
def test_question_finds_article_in_its_language(searcher: Searcher, language: str) -> None:
    assert ids(searcher, STORIES[language][1])[0] == language


def test_other_forms_of_words_are_found_and_marked(searcher: Searcher) -> None:
    assert marked(searcher, "Schule Brote", "de") == ["Brot", "Schulen"]
    assert marked(searcher, "l'école", "fr") == ["écoles"]
    assert marked(searcher, "школа", "ru") == ["школы"]
    assert marked(searcher, "学校烤面包", "zh") == ["面包", "学校烤", "面包"]
    assert marked(searcher, "โรงเรียน", "th") == ["โรงเรียน"]


def test_names_are_found_in_all_languages(searcher: Searcher) -> None:
    assert set(ids(searcher, "Nutgraf", limit=100)) == set(STORIES)
    assert set(ids(searcher, "Hohenfels")) == {"die", "stirbt"}


def test_a_stop_word_of_another_language_is_kept(searcher: Searcher) -> None:
    english = Filters(language=("en",))
    assert ids(searcher, "who will die in war", filters=english) == ["war", "die"]
    assert set(ids(searcher, "who will die in war")) >= {"war", "die"}
    assert "war" in ids(searcher, "war crimes")


BEES = [
    Article("hive", "Hive", ("Bees are kept on the roof.",), language="en"),
    Article("roof", "Roof", ("It will be repaired, and so be safe.",), language="en"),
    Article("well", "Well", ("A well has to be dug.",), language="en"),
    Article("abeilles", "Ruche", ("Le groupe The Bees joue ce soir.",), language="fr-CA"),
    Article("as", "Jeu", ("Deux ÀS valent trois rois.",), language="fr"),
]


@pytest.mark.both_engines
def test_stop_word_of_another_language_is_found_in_its_language(
    tmp_path: Path, tiny_encoder: Path, engine: Engine
) -> None:
    create_index(tmp_path / "i", model=str(tiny_encoder), keyword_engine=engine)
    with IndexWriter(tmp_path / "i", trust=True) as writer:
        for article in BEES:
            writer.put(article)
    with Searcher(tmp_path / "i", trust=True) as searcher:
        for sign in ("", "+"):
            assert set(ids(searcher, f"{sign}bees")) == {"hive", "abeilles"}
            assert set(ids(searcher, f'{sign}"the bees"')) == {"abeilles"}
            assert ids(searcher, f"{sign}ÀS") == ["as"]
        assert ids(searcher, "+safe -bees") == ["roof"]
        assert marked(searcher, "ÀS", "as") == ["ÀS"]
        assert marked(searcher, "bees", "abeilles") == ["Bees"]
        assert marked(searcher, "bees repaired", "roof") == ["repaired"]
    with IndexSnapshot.open(tmp_path / "i", trust=True) as snapshot:
        be = Term("text", "be")
        whole = snapshot.keywords.rank(be, 10)
        french = confined(be, {"fr"}, snapshot.question_analyzer())
        found = snapshot.keywords.rank(french, 10)
        assert len(whole.rows) == 3
        assert found.rows.tolist() == [3]
        assert found.scores.tolist() == whole.scores[whole.rows == 3].tolist()


def test_filter_limits_question_to_its_languages(searcher: Searcher) -> None:
    assert ids(searcher, "Häuser", filters=Filters(language=("de-AT",))) == ["stirbt"]
    assert ids(searcher, "language:de houses") == ids(searcher, "language:en Haus") == []
    assert ids(searcher, "language:en house bread") == ["en"]


def test_facet_counts_languages_that_filter_excludes(searcher: Searcher) -> None:
    found = searcher.search(
        "Schule Brote",
        mode="keyword",
        facets=("language",),
        filters=Filters(language=("en",)),
    )
    assert {one.value: one.count for one in found.facets["language"]} == {"de": 1}


def test_scripts_without_spaces(searcher: Searcher) -> None:
    assert ids(searcher, '"三所学校"') == ["zh"]
    assert ids(searcher, '"学校三所"') == []
    assert ids(searcher, "+学校 -面包师") == ["ja"]
    assert ids(searcher, "面包* 小猫") == ["zh"]
    # A single character is the first or the last half of a term in the index.
    assert marked(searcher, "猫", "zh") == ["猫"]
    assert set(ids(searcher, "+校")) == {"zh", "ja"}
    assert ids(searcher, '"了"') == ["zh"]


def test_patterns_find_stems_of_any_language(searcher: Searcher) -> None:
    assert ids(searcher, "Bäck*") == ["de"]
    assert "de" in ids(searcher, "Sch?len")
    assert "ro" in ids(searcher, "brutori~1")


def test_spelling_is_corrected_in_each_language(searcher: Searcher) -> None:
    response = searcher.search("panaderso escuela", mode="keyword", correct=False)
    assert response.suggestion == "panaderos escuela"


def test_verification_uses_language_of_each_article(index: Path) -> None:
    assert verify_index(index, trust=True).findings == ()


def test_language_is_searched_from_its_first_commit(tmp_path: Path, tiny_encoder: Path) -> None:
    create_index(tmp_path / "i", model=str(tiny_encoder))
    with Searcher(tmp_path / "i") as searcher:
        for language in ("en", "de"):
            with IndexWriter(tmp_path / "i") as writer:
                writer.put(Article(language, "Nutgraf", (STORIES[language][0],), language=language))
            searcher.refresh()
            assert ids(searcher, STORIES[language][1]) == [language]
            assert bool(ids(searcher, "Brote")) == (language == "de")


def test_languages_of_an_index_are_those_of_its_articles() -> None:
    class Codes:
        """The codes of values in a catalog."""

        def values(self, field: str, codes: list[int], limit: int) -> dict[int, str]:
            names = {1: "en", 2: "en-GB", 3: "de", 4: "fr", 5: "zh", 6: "ja"}
            return {code: names[code] for code in codes}

    analyzers = Analyzers("sv")
    codes = np.repeat(np.array([1, 2, 3, 4, 5, 6], np.uint32), [900, 900, 1000, 2, 200, 10])
    found = make_question_analyzer(Codes(), codes, analyzers)  # type: ignore[arg-type]
    assert found.languages == ("en", "de", "", "fr")
    assert found.tags(("en", "fr")) == ["en", "en-GB", "fr"]
    assert found.paragraphs(("en", "fr")) == 1802
    empty = make_question_analyzer(Codes(), codes[:0], analyzers)  # type: ignore[arg-type]
    assert empty.languages == ("sv",)


def test_sentences_are_split_by_their_language(tmp_path: Path, tiny_encoder: Path) -> None:
    start = "Am 3. Januar kam Prof. Huber. "
    text = start + "Dann redete er lange über das Brot der drei Schulen in der Stadt. " * 9
    create_index(tmp_path / "i", model=str(tiny_encoder))
    with IndexWriter(tmp_path / "i") as writer:
        writer.put(Article("de", "Nutgraf", (text,), language="de-AT"))
    with Searcher(tmp_path / "i") as searcher:
        (hit,) = searcher.search("Januar", mode="keyword").hits
        assert hit.snippet.text.startswith(start)


def test_damaged_column_that_question_does_not_need_is_not_read(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    create_index(tmp_path / "x.index", model=str(tiny_encoder))
    with IndexWriter(tmp_path / "x.index") as writer:
        writer.put(Article("mast", "Mast falls", ("It fell at noon.",), language="en"))
    sketches = tmp_path / "x.index" / "columns" / "sketch"
    sketches.write_bytes(b"\xff" * sketches.stat().st_size)
    with Searcher(tmp_path / "x.index") as searcher:
        assert len(searcher.search("noon", mode="keyword").hits) == 1
        with pytest.raises(BrokenIndexError, match="columns"):
            searcher.search("noon", mode="keyword", group="article")
