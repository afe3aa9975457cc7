"""Evaluation: measures computed by hand, significance, judgements, and systems."""

import sys
from math import log2

import numpy as np
import pytest

from nutgraf.index import IndexSnapshot
from nutgraf.index.errors import InputError, UserError
from nutgraf.search import RequestError, Searcher
from nutgraf.search.evaluation import (
    MEASURES,
    JudgedQuestion,
    evaluate,
    missing_judged_ids,
    ranker,
    read_judged,
)
from nutgraf.search.evaluation.measures import measure, ranks_of
from nutgraf.search.evaluation.significance import PERMUTATIONS, holm, intervals, p_values


def judged(relevant, name="q"):
    return JudgedQuestion(name, f"what is {name}", relevant)


def measured(relevant, ranking):
    question = judged(relevant)
    values = measure([question], [ranks_of(ranking, question)])
    return pytest.approx(dict(zip(MEASURES, values[0].tolist(), strict=True)))


def test_graded_judgements_by_hand():
    ideal = 2 / log2(2) + 1 / log2(3)
    assert {
        "nDCG@10": (1 / log2(3) + 2 / log2(4)) / ideal,
        "MRR@10": 1 / 2,
        "recall@10": 2 / 2,
        "recall@100": 2 / 2,
    } == measured({"a#0": 2, "b#1": 1, "c#0": 0}, ["c#0", "b#1", "a#0", "a#1"])


def test_paragraphs_below_rank_10_count_only_for_recall_at_100():
    ranking = [f"n#{at}" for at in range(99)]
    ranking.insert(0, "a#0")
    ranking.insert(11, "b#0")  # Rank 12.
    assert {
        "nDCG@10": (1 / log2(2)) / (1 / log2(2) + 1 / log2(3) + 1 / log2(4)),
        "MRR@10": 1 / 1,
        "recall@10": 1 / 3,
        "recall@100": 2 / 3,
    } == measured({"a#0": 1, "b#0": 1, "c#0": 1}, ranking)


@pytest.mark.parametrize("rank", [1, 2, 9, 10, 11, 100])
def test_one_paragraph_at_each_rank(rank):
    ranking = [f"n#{at}" for at in range(100)]
    ranking[rank - 1] = "a#0"
    seen = rank <= 10
    assert {
        "nDCG@10": 1 / log2(rank + 1) if seen else 0,
        "MRR@10": 1 / rank if seen else 0,
        "recall@10": 1 if seen else 0,
        "recall@100": 1,
    } == measured({"a#0": 1}, ranking)


def test_nothing_found():
    zeros = dict.fromkeys(MEASURES, 0)
    assert zeros == measured({"a#0": 1}, [])
    assert zeros == measured({"a#0": 1}, ["b#0"])


@pytest.mark.parametrize("ranking", [["a#0", "z#0"], ["z#0", "a#0"]])
def test_order_of_ranking_counts_not_order_of_ids(ranking):
    """trec_eval orders equal scores by id, so all ranks must have different scores."""
    for wanted in ("a#0", "z#0"):
        rank = ranking.index(wanted) + 1
        assert measured({wanted: 1}, ranking) == {
            "nDCG@10": 1 / log2(rank + 1),
            "MRR@10": 1 / rank,
            "recall@10": 1,
            "recall@100": 1,
        }


def test_judged_article_has_rank_of_its_first_paragraph_and_counts_once():
    relevant = {"a#-1": 1, "b#0": 1}
    ranking = ["n#0", "a#7", "a#2", "b#0"]
    assert ranks_of(ranking, judged(relevant)) == {"a#-1": 2, "b#0": 4}
    assert {
        "nDCG@10": (1 / log2(3) + 1 / log2(5)) / (1 / log2(2) + 1 / log2(3)),
        "MRR@10": 1 / 2,
        "recall@10": 2 / 2,
        "recall@100": 2 / 2,
    } == measured(relevant, ranking)


def test_paragraph_with_own_judgement_does_not_count_for_its_article():
    question = judged({"a#-1": 1, "a#0": 2, "a#1": 0})
    assert ranks_of(["a#1", "a#0", "a#5"], question) == {"a#-1": 3, "a#0": 2}
    assert ranks_of(["a#1", "a#0"], question) == {"a#-1": None, "a#0": 2}


def test_ids_may_contain_any_characters():
    relevant = {"Zürich #1#0": 1, "/wiki/108th (Entry)#P366#-1": 1}
    ranking = ["/wiki/108th (Entry)#P366#4", "Zürich #1#0"]
    assert set(ranks_of(ranking, judged(relevant)).values()) == {1, 2}
    assert measured(relevant, ranking) == dict.fromkeys(MEASURES, 1)


def test_ranking_with_repeated_paragraph_is_refused():
    with pytest.raises(ValueError, match="question 'q' contains a paragraph twice"):
        ranks_of(["a#0", "b#0", "a#0"], judged({"a#0": 1}))


# Significance


def test_interval_covers_mean_in_95_percent_of_experiments():
    random = np.random.default_rng(1)
    samples = random.beta(
        2, 3, size=(200, 150)
    ).T  # 200 experiments of 150 questions: a column each.
    low, high = intervals(samples)
    covered = np.count_nonzero((low <= 2 / 5) & (high >= 2 / 5)) / 200
    assert 0.9 <= covered <= 0.99


def test_interval_of_normal_values_is_that_of_normal_distribution():
    values = np.random.default_rng(2).normal(0.5, 0.1, size=(400, 1))
    low, high = intervals(values)[:, 0]
    error = values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=error / 5)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=error / 5)


def test_intervals_of_one_question_and_of_equal_values():
    assert intervals(np.array([[0.25]])).tolist() == [[0.25], [0.25]]
    assert intervals(np.full((50, 2), 0.5)) == pytest.approx(np.full((2, 2), 0.5))


def test_p_value_equals_count_by_hand():
    """With 4 equal differences, 2 of the 16 choices of signs give as large a mean."""
    assert p_values(np.full((4, 1), 0.1)) == pytest.approx([2 / 16], abs=0.01)
    # With 3 better and 1 worse, all choices count but the 6 with a mean of 0.
    assert p_values(np.array([[0.1], [0.1], [0.1], [-0.1]])) == pytest.approx([10 / 16], abs=0.02)


def test_p_value_of_equal_and_of_clearly_better_systems():
    random = np.random.default_rng(3)
    equal = np.zeros(100)
    noise = random.normal(0, 0.2, 100)
    noise -= noise.mean()
    better = random.normal(0.2, 0.2, 100)
    p = p_values(np.stack([equal, noise, better], axis=1))
    assert p[0] == 1
    assert p[1] > 0.9
    assert p[2] == 1 / (PERMUTATIONS + 1)


def test_p_value_is_below_limit_as_often_as_chance_allows():
    differences = np.random.default_rng(4).normal(0, 0.3, size=(60, 400))
    assert 0.02 <= np.count_nonzero(p_values(differences) < 0.05) / 400 <= 0.08


def test_holm_correction_equals_result_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([3 * 0.01, 2 * 0.03, 2 * 0.03])
    assert holm(np.array([0.6, 0.5])) == pytest.approx([1, 1])
    assert holm(np.array([0.02])) == pytest.approx([0.02])


# Evaluating


QUESTIONS = [judged({f"a{at}#0": 1}, f"q{at}") for at in range(40)]


def good(text):
    name = text.removeprefix("what is q")
    return [f"a{name}#0", "n#0"]


def poor(text):
    return good(text)[::-1]


def test_systems_are_measured_and_compared():
    done = evaluate({"good": good, "poor": poor, "again": good}, QUESTIONS, threads=3)
    assert [system.name for system in done.systems] == ["good", "poor", "again"]
    assert done.questions == 40
    assert done.skipped == ()
    figure = done.systems[1].measures["nDCG@10"]
    assert (figure.mean, figure.low, figure.high) == pytest.approx((1 / log2(3),) * 3)
    assert done.systems[1].questions[7].id == "q7"
    assert done.systems[1].questions[7].ranks == {"a7#0": 2}
    assert done.systems[1].questions[7].measures["MRR@10"] == 1 / 2
    found = {(one.system, one.measure): one for one in done.comparisons}
    assert len(found) == 2 * 4
    worse = found["poor", "nDCG@10"]
    assert worse.difference.mean == pytest.approx(1 / log2(3) - 1)
    assert worse.p == 1 / (PERMUTATIONS + 1)
    assert worse.corrected == pytest.approx(8 * worse.p)
    assert found["again", "nDCG@10"].p == found["poor", "recall@10"].corrected == 1


def test_repeated_evaluation_has_same_result():
    systems = {"good": good, "poor": poor}
    assert evaluate(systems, QUESTIONS, threads=4) == evaluate(systems, QUESTIONS)


def test_unknown_baseline_is_refused():
    with pytest.raises(ValueError, match="'best' is not among the systems: good, poor"):
        evaluate({"good": good, "poor": poor}, QUESTIONS, baseline="best")
    assert evaluate({"good": good, "poor": poor}, QUESTIONS, baseline="poor").baseline == "poor"


def test_one_system_alone_has_no_comparisons():
    assert evaluate({"good": good}, QUESTIONS).comparisons == ()


def test_progress_is_reported_to_the_end():
    states = []
    systems = {"good": good, "poor": poor}
    evaluate(systems, QUESTIONS, on_progress=lambda *state: states.append(state))
    assert states == [(done, 80) for done in range(1, 81)]


def test_questions_without_relevant_paragraphs_are_skipped():
    questions = [*QUESTIONS[:3], judged({}, "none"), judged({"a#0": 0}, "zero")]
    done = evaluate({"good": good}, questions)
    assert done.skipped == ("none", "zero")
    assert done.questions == 3
    assert done.systems[0].measures["MRR@10"].mean == 1
    with pytest.raises(InputError, match="none of the 2 questions has a relevant paragraph"):
        evaluate({"good": good}, questions[3:])


def test_json_contains_all_results():
    found = evaluate({"good": good, "poor": poor}, QUESTIONS[:2]).to_dict()
    assert found["count"] == 2
    assert found["baseline"] == "good"
    assert found["systems"][1]["measures"]["MRR@10"] == {"mean": 0.5, "low": 0.5, "high": 0.5}
    assert found["systems"][1]["questions"][1]["ranks"] == {"a1#0": 2}
    assert set(found["comparisons"][0]) == {"system", "measure", "difference", "p", "corrected"}


def test_missing_library_is_reported_with_command_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(UserError, match=r"pip install 'nutgraf\[evaluation\]'"):
        evaluate({"good": lambda text: pytest.fail("asked before")}, QUESTIONS)


# Reading


@pytest.fixture
def write(tmp_path):
    def write_file(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_file


def test_both_forms_of_judgements_give_same_questions(write):
    one = write("j.jsonl", '{"id": 1, "question": "Why?", "relevant": {"a#b#0": 2, "c#-1": 1}}\n\n')
    lines = write("q.jsonl", '{"id": "1", "text": "Why?", "answers": ["x"]}\n')
    qrels = write("q.tsv", "1\ta#b\t0\t2\n\n1\tc\t-1\t1\n1\tc\t-1\t1\nother\tc\t0\t1\n")
    (question,) = read_judged(one)
    assert question == JudgedQuestion("1", "Why?", {"a#b#0": 2, "c#-1": 1})
    assert read_judged(lines, qrels) == [question]


GOOD = '{"id": "1", "text": "Why?", "relevant": {"a#0": 1}}\n'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "this is not JSON"),
        ("[]", "the line is a list"),
        (b"\xff", "UTF-8"),
        ('{"text": "Why?", "relevant": {"a#0": 1}}', "'id' is missing"),
        ('{"id": true, "text": "Why?", "relevant": {"a#0": 1}}', "'id' is missing, empty, or not"),
        ('{"id": "2", "relevant": {"a#0": 1}}', "exactly one of 'question' and 'text'"),
        ('{"id": "2", "text": " ", "relevant": {"a#0": 1}}', "'text' is empty"),
        ('{"id": "2", "question": 7, "relevant": {"a#0": 1}}', "'question' must be of type str"),
        ('{"id": "2", "text": "a", "question": "b", "relevant": {}}', "exactly one of 'question'"),
        ('{"id": "2", "text": "Why?"}', "'relevant' is missing"),
        ('{"id": "2", "text": "Why?", "relevant": ["a#0"]}', "'relevant' is missing or not"),
        ('{"id": "2", "text": "Why?", "relevant": {"a": 1}}', "'relevant' names 'a'"),
        ('{"id": "2", "text": "Why?", "relevant": {"#0": 1}}', "'relevant' names '#0'"),
        ('{"id": "2", "text": "Why?", "relevant": {"a#01": 1}}', "'relevant' names 'a#01'"),
        ('{"id": "2", "text": "Why?", "relevant": {"a#-2": 1}}', "'relevant' names 'a#-2'"),
        (
            '{"id": "2", "text": "Why?", "relevant": {"a#0": "1"}}',
            "gives 'a#0' the grade '1'; it must be an integer from 0 to 100",
        ),
        ('{"id": "2", "text": "Why?", "relevant": {"a#0": -1}}', "gives 'a#0' the grade -1"),
        ('{"id": "2", "text": "Why?", "relevant": {"a#0": true}}', "gives 'a#0' the grade True"),
        ('{"id": "2", "text": "Why?", "relevant": {"a#0": 101}}', "gives 'a#0' the grade 101"),
        (GOOD, "'id' is '1', the id of an earlier question"),
    ],
)
def test_invalid_line_is_reported_with_its_number(write, line, message):
    content = line if isinstance(line, bytes) else line.encode()
    path = write("bad.jsonl", GOOD.encode() + content)
    with pytest.raises(InputError) as raised:
        read_judged(path)
    assert str(raised.value).startswith(f"{path}:2: ")
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\ta\t0", "the line has 3 fields between tabs; it must have 4: question, article"),
        ("1 a 0 1", "the line has 1 field between"),
        ("\ta\t0\t1", "'question' is empty; give the id"),
        ("1\t\t0\t1", "'article' is empty"),
        ("1\ta\tx\t1", "'paragraph' is 'x'"),
        ("1\ta\t-2\t1", "'paragraph' is '-2'"),
        ("1\ta\t0\t0.5", "'relevance' is '0.5'"),
        ("1\ta\t0\t-1", "'relevance' is '-1'"),
        ("1\ta\t0\t101", "'relevance' is '101'; it must be an integer from 0 to 100"),
        ("1\tb\t0\t2", "'relevance' of 'b#0' differs from that on an earlier line"),
        (b"1\t\xff\t0\t1", "not UTF-8 at byte 2"),
    ],
)
def test_invalid_judgement_is_reported_with_its_line(write, line, message):
    content = line if isinstance(line, bytes) else line.encode()
    questions = write("q.jsonl", '{"id": "1", "text": "Why?"}')
    path = write("bad.tsv", b"1\tb\t0\t1\n" + content)
    with pytest.raises(InputError) as raised:
        read_judged(questions, path)
    assert str(raised.value).startswith(f"{path}:2: ")
    assert message in str(raised.value)


def test_invalid_files_of_judgements_are_refused(write, tmp_path):
    with pytest.raises(InputError, match=r"no\.jsonl cannot be read: No such .*; check the path$"):
        read_judged(tmp_path / "no.jsonl")
    with pytest.raises(InputError, match=r"cannot be read: Is a directory; check the path$"):
        read_judged(tmp_path)
    with pytest.raises(InputError, match=r"Is a directory; check the path of --qrels$"):
        read_judged(write("one.jsonl", GOOD), tmp_path)
    with pytest.raises(InputError, match="the file is empty"):
        read_judged(write("empty.jsonl", "\n"))
    with pytest.raises(InputError, match=r"a file of judgements \(--qrels\); remove one"):
        read_judged(write("both.jsonl", GOOD), write("q.tsv", "1\ta\t0\t1\n"))


# Over an index


@pytest.mark.parametrize(
    "settings",
    [{}, {"mode": "keyword"}, {"mode": "semantic"}, {"fusion": "rrf"}],
    ids=lambda settings: "-".join(settings.values()) or "default",
)
def test_ranker_gives_same_paragraphs_as_searcher(seeds_index, settings):
    questions = ["who pays for the ferry", '"cooling towers" -car', "people who lost their homes"]
    with Searcher(seeds_index) as searcher, IndexSnapshot.open(seeds_index) as snapshot:
        rank = ranker(snapshot, **settings)
        for question in questions:
            hits = searcher.search(question, limit=100, **settings).hits
            assert rank(question) == [hit.paragraph.id for hit in hits]


def test_invalid_settings_are_refused_before_any_question(seeds_index):
    with IndexSnapshot.open(seeds_index) as snapshot, pytest.raises(RequestError, match="mode"):
        ranker(snapshot, mode="both")


def test_judged_ids_missing_in_index_are_reported(seeds_index):
    ferry = "local-skarrow-island-ferry-subsidy"
    relevant = {f"{ferry}#0": 1, f"{ferry}#-1": 1, f"{ferry}#400": 1, "no#-1": 1, "no#0": 0}
    with IndexSnapshot.open(seeds_index) as snapshot:
        assert missing_judged_ids(snapshot, [judged(relevant)]) == [f"{ferry}#400", "no#-1"]
