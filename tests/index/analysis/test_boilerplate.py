"""Boilerplate: recognised by rules, learned from a source, stored, and not ranked."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from whoosh import query

from nutgraf.index import Article, IndexSnapshot, IndexWriter, create_index, verify_index
from nutgraf.index.analysis.boilerplate import is_boilerplate
from nutgraf.index.catalog import dictionaries
from nutgraf.index.catalog.learned_boilerplate import MIN_ARTICLES, MIN_SOURCE
from nutgraf.index.catalog.records import NO_COMMIT, text_digest
from nutgraf.index.catalog.rows import ArticleRows, Row
from nutgraf.index.catalog.writer import CatalogWriter
from nutgraf.index.maintenance.rebuild import compact_index
from nutgraf.index.sources.fields.paragraphs import Block, paragraphs_of, split_paragraphs
from nutgraf.search import Searcher

BOILERPLATE = """
Read more
Read more: Ferry crews vote on new rota
READ MORE | Why the harbour silts up
Related: How the mill burned
Related articles
See also: tide tables for March
More on this story
You may also like
Don't miss: the harbour in pictures
Learn more about our reporters
Continue reading
Source: Read Full Article
Source: Northgate Courier
Sources: Harbour Board, Tide Office
Photo: Ann Reed
Photo by Ann Reed for the Courier
Image: Tobias Rennick / Courier Pictures
Picture credit: Harbour Board
Credit: Ann Reed
Share this article
Share on Facebook
Follow us on Twitter for the latest
Tweet
Advertisement
Story continues below advertisement
Skip to main content
Leave a comment
Sign up to our newsletter for a weekly look at the harbour
Sign up for our free morning email
Subscribe to our channel
Subscribe today for unlimited articles
Get the best of the Courier straight to your inbox
Enter your email address to sign up
We use your sign-up to choose what we send you, as you agreed. This may hold adverts. You can leave.
You can unsubscribe at any time.
By subscribing, you agree to our terms of use and privacy notice.
Thank you for subscribing!
Already a subscriber? Log in
This site uses cookies to make it work better.
By continuing to use this website you agree to our use of cookies.
Accept all cookies
Cookie policy
© 2023 Northgate Courier
Copyright (c) 2020 Northgate Courier. All rights reserved.
(c) 2019 Harbour Pictures Ltd, all rights reserved
All rights reserved. This material may not be published.
Register now
We use cookies to improve your experience of our website.
Foto: dpa
Photo courtesy of Ann Reed
Read more about the strike here
Watch: the harbour from above
Copyright 2021 The Harrow Ledger. All rights reserved.
All rights reserved.
This material may not be published, broadcast or rewritten.
Lesen Sie auch: Die Fähre fällt aus
Mehr zum Thema
Quelle: Hafenamt
Foto: Anna Rieder
Alle Rechte vorbehalten.
Newsletter abonnieren
Artikel teilen
Diese Website verwendet Cookies.
Lire aussi : Le pont sera reconstruit
À lire aussi
Crédit photo : Anne Royer
Abonnez-vous à notre lettre
Tous droits réservés
Partager sur Facebook
Lea también: El puente cierra
Fuente: Junta del Puerto
Suscríbete a nuestro boletín
Todos los derechos reservados
Leggi anche: Il ponte chiude
Fonte: Ufficio del Porto
Iscriviti alla newsletter
Tutti i diritti riservati
Leia também: A ponte fecha
Saiba mais
Todos os direitos reservados
Lees ook: De brug gaat dicht
Bron: Havenbedrijf
Alle rechten voorbehouden
Läs också: Bron stängs
Källa: Hamnen
Alla rättigheter förbehållna
Читайте также: Мост закрыт
Источник: Управление порта
Все права защищены
Подпишитесь на нашу рассылку
اقرأ أيضا: إغلاق الجسر
المصدر: هيئة الميناء
جميع الحقوق محفوظة
"""

ORDINARY = """
Read more than once, the letter says nothing of the money.
Related companies had paid for the flights, the court heard.
See also how the harbour was dredged, the board told its members, and judge for yourselves.
Sources close to the board said that it had not been asked.
Source: he would not say. But two people who were in the room named the deputy, and a third did too.
Photos of the wreck were handed to the police on Monday.
Image matters more than money here, said the mayor.
Picture this: a harbour without a single boat.
Pictures of the fire, taken from the mole, show two people on the roof.
Credit: the word is on every door in this town. And none under sixty has any left to give to others.
Share prices fell by a third.
Share this burden, the bishop said, or lose the harbour: no one will carry it for another year.
Follow us on foot, said the guide, and we went.
Advertisements for the ferry were banned in March.
Sign up to a scheme that nobody runs and you will wait, as the widow from Skarne has for two years.
Sign-ups fell by half, according to the union.
“Subscribe to our view or leave,” he had told the newsletter's editor.
Subscribers to the theatre will get their money back.
By signing the contract the town lost its harbour.
You can unsubscribe from a party, she said, but not from a town that votes for it all the same.
The site uses cookies to track its readers, the regulator found.
Cookies are baked in the old mill.
Copyright law does not protect a recipe, the judge ruled.
The company reserved all rights.
Follow-up talks are planned for May.
Comments on the plan are due by June.
Tweets by the minister were deleted.
Print runs have halved since 2010.
Thank you, she said, for nothing.
Already a widow at thirty, she opened the shop.
Quelle und Mündung liegen vierzig Kilometer auseinander.
Anzeige erstattet hat die Hafenbehörde.
Lesen Sie den Vertrag, riet der Anwalt.
Partager le port ne suffira pas, dit la mairie.
Fuentes del ayuntamiento lo confirman.
Compartir el puerto no basta.
Bron en monding liggen ver uiteen.
Фото с места пожара передали полиции.
Register offices across England reported today that weddings were at their lowest for a century.
Register of Deeds Jane Doe said today that the county would reopen its archive on Monday.
Register to vote by Friday and your ballot comes today; register later and it never does.
Register here are the dead of nine wars, in a hand that grows smaller from page to page.
Registered owners will get their updates by post.
Register now is what the clerks tell them, and our town has no clerk left to do it.
Sign up to the war and get a field of your own: our grandfathers took that offer.
Sign up for the newsletter of the party, the court heard, and you were on its list of members.
Subscribe to the theory that our harbour silts up by itself, and there is nothing to be done today.
Subscribe for shares today, the bank told pensioners by e-mail, and never look back.
Subscribe to updates of the treaty and a state is bound by each of them.
Get used to threats in your inbox, the minister told her successor.
Get our boats back to your inbox of a harbour, they cried.
Enter your email and a stranger reads it, the police warned.
By clicking on the map you will see how the river moved.
By registering the land you accept the debts that lie on it.
By signing up for the army you agree to go where it goes.
Thank you for subscribing to a lie, the widow wrote to the editor.
Already a subscriber base of two million makes the paper the largest in the valley.
Already a subscriber to the fund, the teacher lost all that she had put by.
Already subscribed twice over, the loan went to four banks.
Already have an account of the fire? The town has three, and none agrees with another.
This story is for subscribers to the idea that money floats.
You can unsubscribe at any time, but hardly anybody does.
(c) In March 2019 the ministry paid the contractor four million euros.
(c) 2019 budget: four million euros for the mole.
(c) the tenant leaves the house before the end of 2024.
(C) By 2021 all rights reserved for the crown lapse.
Copyright 2019 reform, the one that led to marches in Berlin, was adopted by two votes.
Copyright 2021 rules go further than the directive asks.
Copyright in the songs runs out in 2031, and all rights reserved until then fall to the public.
Copyright Act of 1956 or not, the heirs sue.
All rights reserved for Indigenous owners under the treaty were extinguished in 1871.
All rights reserved by the crown lapse with the lease.
All rights reserved: that is the whole of the answer from the publisher.
All rights reserved. It is the last line of the letter, and the only one that is typed.
This material may not be published, the judge ruled.
We use cookies to lure the raccoons, the ranger said, and marshmallows for the bears.
We use cookies to thank the crews, and on Sundays there is cake.
We use cookies instead of bread because the ovens are cold.
Our site uses cookies from three bakeries.
Accept cookies from strangers and you may get more than a cookie.
Cookie notice or not, the jar stands empty by noon.
By using our site for the dam you agree to drown three villages.
Wir nutzen Cookies, um die Waschbären anzulocken, sagte die Försterin.
Tous droits réservés aux pêcheurs de la baie, le port reste fermé.
Suscríbase a ese acuerdo y perderá el puerto.
Assine o contrato e perca o porto.
Inscreva-se quem quiser no concurso da câmara.
Abonneer je op een krant en je leest hem niet.
اشترك في المسابقة ثلاثون بحارا من أربع بلدان.
Photo by photo, the police put the night together.
Photos by the thousand show the wreck.
Pictures by children hang in the hall.
Images: that is all they have of it.
Photo credits are worth more than the photo here.
Photographs courtesy of a widow hang in the town hall.
Image by image the river moves west.
Picture: a harbour without a boat, and a mayor without a plan.
Source: the ministry of fisheries, which denies it.
Credits: none of the four banks has any left.
Read more about the war than any general and you know less of it.
Learn more in a winter at sea than in ten years of school.
See more of the moon on Friday, when it is full.
Watch: the tide turns at noon. Nobody in Skarne looks at a clock.
Listen: there is no harbour here any more.
More: that is what they want, and what they never get.
Related: the two men are cousins.
Recommended: a fine of forty euros.
Must read: that is on the door of the school library.
Read more than you write, the editor tells them.
Share this land with us, or leave it.
Share on a farm, not in the profit.
Share this and be damned.
Partager sur une île déserte ne sert à rien.
Compartir en familia es lo mejor.
Поделиться хлебом с соседом.
Join us on X marks the spot, the new map.
Follow us on Facebook, the sect wrote to the pupils.
"""


@pytest.mark.parametrize("text", BOILERPLATE.strip().splitlines())
def test_rules_recognise_boilerplate(text):
    assert is_boilerplate(text)
    assert is_boilerplate(f"  {text.replace(' ', '  ')}\n")


@pytest.mark.parametrize("text", ORDINARY.strip().splitlines())
def test_rules_accept_ordinary_paragraphs(text):
    assert not is_boilerplate(text)


def test_long_paragraph_is_not_boilerplate():
    assert not is_boilerplate("Read more: " + "the harbour " * 20)
    assert not is_boilerplate("© 2023 " + "the harbour " * 60)


def test_boilerplate_has_no_crosshead():
    blurb = "We use your sign-up to choose what we send you. You can leave our list at any time."
    assert split_paragraphs(f"Harbour closes\n\n{blurb}") == ("Harbour closes", blurb)
    story = "The harbour closes on Monday, and the ferries go from Skarne until the dredger leaves."
    assert split_paragraphs(f"Read more\n\n{story}") == ("Read more", story)
    assert paragraphs_of([Block("heading", "Harbour"), Block("text", blurb)]) == ("Harbour", blurb)


ABOUT = "The Courier has told the valley its news since 1887 and belongs to those who read it."
WORDS = ("alder", "birch", "cedar", "damson", "elder", "fir", "gorse", "hazel", "ivy", "larch")


def story(number, *more, source="Courier"):
    """Return an article that shares only the given paragraphs with other articles."""
    word = WORDS[number % len(WORDS)] + "x" * (number // len(WORDS))
    texts = f"The {word} at the harbour fell on a boat.", f"Nobody missed the {word}."
    return Article(f"{source}-{number}", f"On {word}", (*texts, *more), source=source)


def make(tmp_path, tiny_encoder, *, engine="tantivy", **options):
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder), keyword_engine=engine, **options)
    return index


def put(index, *articles):
    with IndexWriter(index, trust=True) as writer:
        for article in articles:
            writer.put(article)
    return writer.encoded


def ranked(index, word):
    """Return the ids of the paragraphs with a word in the keyword index."""
    with IndexSnapshot.open(index, trust=True) as snapshot:
        rows = snapshot.keywords.rows(query.Term("text", word))
        return sorted(snapshot.names(rows.tolist()).values())


@pytest.mark.both_engines
def test_boilerplate_is_stored_but_not_ranked(tmp_path, tiny_encoder, engine):
    index = make(tmp_path, tiny_encoder, engine=engine)
    texts = ("Photo: Wenna Harbour", "The harbour froze.", "Read more: Harbour thaws", "It thawed.")
    assert put(index, Article("a", "Ice", texts), Article("b", "Ice", texts[1:2])) == 2
    assert verify_index(index, trust=True).findings == ()
    with Searcher(index, trust=True) as searcher:
        counted = searcher.statistics()
        assert (counted.paragraphs, counted.boilerplate, counted.rows) == (5, 2, 5)
        assert [one.text for one in searcher.article("a").paragraphs] == list(texts)
        for mode in ("keyword", "semantic", "hybrid"):
            found = searcher.search("harbour", mode=mode, min_score=0, facets=("language",))
            assert {hit.paragraph.position for hit in found.hits if hit.article.id == "a"} <= {1, 3}
            assert sum(one.count for one in found.facets["language"]) == found.total.value
        assert [one.text for one in searcher.suggest("wen").suggestions] == []
        assert searcher.similar("b").hits[0].paragraph.position == 1
        assert searcher.similar("a").hits[0].article.id == "b"
        nothing = searcher.similar("a#0")
        assert (nothing.hits, nothing.total.value, nothing.total.relation) == ((), 0, "eq")
        assert searcher.similar("a#1").hits


def test_article_with_only_boilerplate_is_found(tmp_path, tiny_encoder, engine):
    index = make(tmp_path, tiny_encoder, engine=engine)
    put(index, Article("a", "Ferry", ("Photo: Wenna Harbour", "Read more")), story(1))
    with Searcher(index, trust=True) as searcher:
        assert searcher.statistics().boilerplate == 0
        for mode in ("keyword", "semantic"):
            found = searcher.search("ferry wenna", mode=mode, min_score=0).hits
            assert "a" in {hit.article.id for hit in found}
        assert searcher.similar("a").hits
    assert verify_index(index, trust=True).findings == ()


def test_learned_boilerplate_leaves_a_ranked_row_in_each_article(tmp_path, tiny_encoder):
    index = make(tmp_path, tiny_encoder)
    bare = Article("bare", "Ferry", ("Photo: Ann", ABOUT), source="Courier")
    put(index, *many(), bare, *(story(number, ABOUT) for number in range(MIN_ARTICLES)))
    put(index, replace(bare, id="later"))
    assert ranked(index, "1887") == ["bare#1", "later#1"]
    with Searcher(index) as searcher:
        assert searcher.similar("bare").total.value
        assert searcher.similar("Courier-3#2").hits == (), "it has an embedding but is not ranked"
    assert verify_index(index).findings == ()


def test_index_with_keep_boilerplate_ranks_it(tmp_path, tiny_encoder):
    index = make(tmp_path, tiny_encoder, keep_boilerplate=True)
    put(index, *(story(number, "Photo: Ann", ABOUT) for number in range(30)))
    with Searcher(index) as searcher:
        assert searcher.statistics().boilerplate == 0
        assert searcher.search("photo", mode="keyword").total.value == 30
    assert len(ranked(index, "1887")) == 30
    assert compact_index(index).encoded == 0
    assert verify_index(index).findings == ()


def many(source="Courier"):
    """Return other articles of a source: 1 less than it needs for learning."""
    return [story(number, source=source) for number in range(100, 99 + MIN_SOURCE)]


def test_repeated_paragraph_of_a_source_is_learned(tmp_path, tiny_encoder, engine):
    index = make(tmp_path, tiny_encoder, engine=engine)
    few = [story(number, ABOUT) for number in range(MIN_ARTICLES - 1)]
    put(index, *many(), *few)
    with Searcher(index, trust=True) as searcher:
        assert searcher.search("1887", mode="keyword").total.value == MIN_ARTICLES - 1
        put(index, story(10, ABOUT), story(0, ABOUT, source="Ledger"), story(1, ABOUT, source=None))
        searcher.refresh()
        # Now it is boilerplate in the Courier. Each other source has it only once.
        found = searcher.search("1887", mode="keyword", versions="all").hits
        assert sorted(hit.article.id for hit in found) == ["Ledger-0", "None-1"]
        assert searcher.statistics().boilerplate == MIN_ARTICLES
        assert searcher.article("Courier-3").paragraphs[2].text == ABOUT
    assert verify_index(index, trust=True).findings == ()
    assert put(index, story(11, ABOUT)) == 2, "the learned paragraph is not encoded"
    assert len(ranked(index, "1887")) == 2
    with IndexSnapshot.open(index, trust=True) as snapshot:
        assert np.count_nonzero(snapshot.ranked) == snapshot.commit.ranked
        assert snapshot.commit.living - snapshot.commit.ranked == MIN_ARTICLES + 1
    assert compact_index(index).encoded == 1, "it is learned again, from all articles"
    assert len(ranked(index, "1887")) == 2
    assert verify_index(index, trust=True).findings == ()
    with IndexWriter(index, trust=True) as writer:
        for article in few:
            writer.delete(article.id)
    compact_index(index)
    assert len(ranked(index, "1887")) == 4, "too few articles still repeat it"
    assert verify_index(index, trust=True).findings == ()


def test_nothing_is_learned_from_a_source_with_few_articles(tmp_path, tiny_encoder):
    index = make(tmp_path, tiny_encoder)
    put(index, *(story(number, ABOUT) for number in range(MIN_ARTICLES + 1)))
    put(index, *many()[MIN_ARTICLES + 1 :])
    put(index, story(1, ABOUT, "Another word."))
    assert len(ranked(index, "1887")) == MIN_ARTICLES + 1
    put(index, story(MIN_ARTICLES + 1, ABOUT))
    assert ranked(index, "1887") == []


def test_rebuild_discards_outdated_learned_boilerplate(tmp_path, tiny_encoder):
    index = make(tmp_path, tiny_encoder)
    put(index, *many(), *(story(number, ABOUT) for number in range(MIN_ARTICLES)))
    put(index, story(MIN_ARTICLES, ABOUT))
    assert ranked(index, "1887") == []
    with IndexWriter(index) as writer:
        for article in many()[: 2 * MIN_ARTICLES]:
            writer.delete(article.id)
    assert compact_index(index).encoded == 1, "the last article had no embedding"
    assert len(ranked(index, "1887")) == MIN_ARTICLES + 1
    assert verify_index(index).findings == ()


def test_nothing_is_learned_from_versions_of_one_story(tmp_path, tiny_encoder):
    index = make(tmp_path, tiny_encoder)
    same = ("The ferry sank off Skarne at noon, and all aboard were saved.", ABOUT)
    put(
        index,
        *many(),
        *(Article(f"v{at}", f"Ferry {at}", same, source="Courier") for at in range(20)),
    )
    assert len(ranked(index, "1887")) == 20


def test_background_in_few_of_many_articles_is_not_learned(tmp_path, tiny_encoder):
    index = make(tmp_path, tiny_encoder)
    put(index, *(story(number) for number in range(20, 300)))
    put(index, *(story(number, ABOUT) for number in range(MIN_ARTICLES + 1)))
    assert len(ranked(index, "1887")) == MIN_ARTICLES + 1


def test_nothing_is_learned_from_repetitions_within_one_article(tmp_path, tiny_encoder):
    index = make(tmp_path, tiny_encoder)
    put(index, *many(), Article("a", "A", (ABOUT,) * 40, source="Courier"))
    assert len(ranked(index, "1887")) == 40


def written(writer, first_row, *articles):
    """Write articles to a catalog; return the commit and its number of SQLite steps."""
    steps = [0]

    def step():
        steps[0] += 1

    writer.connection.set_progress_handler(step, 100)
    puts = []
    for article in articles:
        rows = tuple(Row(at, 0, 0, text) for at, text in enumerate(article.paragraphs))
        contexts = tuple(text_digest(row.text) for row in rows)
        puts.append(ArticleRows(article, rows, contexts, article.digest()))
    commit = writer.write(puts, [], first_row, 0, learned=writer.learned_boilerplate())
    writer.connection.set_progress_handler(None, 100)
    return commit, steps[0]


@pytest.fixture
def writer(tmp_path):
    path = tmp_path / "catalog.sqlite"
    CatalogWriter.create(path)
    with closing(CatalogWriter.open(path, writing=True)) as opened:
        yield opened


def test_copies_in_small_sources_do_not_slow_down_a_commit(writer, monkeypatch):
    monkeypatch.setattr(dictionaries, "FIRST", 10_000)  # A dictionary is rarely made.
    commit, steps = NO_COMMIT, []
    for batch in range(8):
        more = [story(batch, ABOUT, source=f"S{at}") for at in range(200)]
        commit, taken = written(writer, commit.rows, *more)
        steps.append(taken)
    # The B-trees sometimes grow by a level.
    assert max(steps[1:]) < 1.3 * min(steps[1:])


def test_text_is_read_once_for_all_its_sources(writer):
    sources = [f"S{at}" for at in range(20)]
    everything = [one for source in sources for one in many(source)]
    commit, _ = written(writer, 0, *everything)
    seen = []
    writer.connection.set_trace_callback(seen.append)
    more = [story(at, ABOUT, source=source) for source in sources for at in range(4)]
    commit, _ = written(writer, commit.rows, *more)
    texts = {text for one in more for text in one.paragraphs}
    assert sum("count(DISTINCT number)" in one for one in seen) == len(texts)
    assert not any(one.startswith("SELECT DISTINCT title") for one in seen), (
        "no source has enough articles"
    )


def test_returned_commit_equals_stored_commit(writer):
    commit, _ = written(writer, 0, *many(), *(story(at, ABOUT) for at in range(MIN_ARTICLES)))
    assert commit == writer.last_commit()
    assert commit.living - commit.ranked == MIN_ARTICLES


def test_damaged_boilerplate_table_is_reported(tmp_path, tiny_encoder):
    index = make(tmp_path, tiny_encoder)
    put(index, *(story(number, "Photo: Ann") for number in range(3)))
    with closing(sqlite3.connect(index / "catalog.sqlite")) as disk:
        disk.execute("DELETE FROM boilerplate WHERE row = 5")
        disk.commit()
    found = [finding.what for finding in verify_index(index).findings]
    assert any("the encoder did not read is not excluded" in what for what in found)
    with Searcher(index) as searcher, pytest.raises(Exception, match="its boilerplate differs"):
        searcher.search("harbour", mode="semantic")
