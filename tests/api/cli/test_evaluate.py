"""`nutgraf evaluate`, run as a process."""

import json
import sys
from pathlib import Path

import pytest

from nutgraf.api.cli import evaluate
from nutgraf.api.cli.main import run
from tests.api.cli.outputs import output_of

JUDGED = Path(__file__).parents[3] / "seeds" / "judged.jsonl"
QUESTIONS = len(JUDGED.read_text("utf-8").splitlines())
MEASURES = ["nDCG@10", "MRR@10", "recall@10", "recall@100"]


@pytest.fixture
def some(tmp_path):
    """The first questions of the samples, few enough to be fast."""
    path = tmp_path / "some.jsonl"
    path.write_text("".join(JUDGED.read_text("utf-8").splitlines(keepends=True)[:12]), "utf-8")
    return path


def refused(done):
    assert output_of(done, 2) == ""
    return done.stderr.decode()


def test_all_judged_questions_as_json(run, seeds_index):
    done = run("evaluate", JUDGED, "-i", seeds_index, "--json")
    found = json.loads(output_of(done))
    assert done.stderr == b""
    assert found["count"] == QUESTIONS
    assert found["skipped"] == found["warnings"] == []
    systems = {system["name"]: system for system in found["systems"]}
    assert list(systems) == ["keyword", "semantic", "hybrid"]
    assert found["baseline"] == "hybrid"
    for system in systems.values():
        assert list(system["measures"]) == MEASURES
        assert len(system["questions"]) == QUESTIONS
        for figure in system["measures"].values():
            assert 0 < figure["low"] <= figure["mean"] <= figure["high"] <= 1
    hybrid = systems["hybrid"]["measures"]
    assert hybrid["nDCG@10"]["mean"] > 0.6
    assert hybrid["recall@100"]["mean"] > 0.9
    first = systems["hybrid"]["questions"][0]
    assert first["id"] == "a01"
    assert set(first["ranks"]) == {f"local-skarrow-island-ferry-subsidy#{at}" for at in (0, 2)}
    assert len(found["comparisons"]) == 2 * 4


def test_evaluation_prints_a_table(run, seeds_index, some):
    printed = output_of(run("evaluate", some, "-i", seeds_index)).splitlines()
    head = "measure  system  mean (95% interval)  difference (95% interval)  p"
    assert " ".join(printed[0].split()) == " ".join(head.split())
    assert [line.split()[:2] for line in printed[1:-1]] == [
        [measure, system] for measure in MEASURES for system in ("keyword", "semantic", "hybrid")
    ]
    assert printed[-1].startswith("12 questions; differences from hybrid;")
    assert max(map(len, printed)) <= 80


def test_judgements_may_be_in_a_separate_file(run, seeds_index, some, tmp_path):
    lines, judgements = [], []
    for line in some.read_text("utf-8").splitlines():
        question = json.loads(line)
        lines.append(json.dumps({"id": question["id"], "text": question["question"]}))
        for name, grade in question["relevant"].items():
            article, _, position = name.rpartition("#")
            judgements.append(f"{question['id']}\t{article}\t{position}\t{grade}\n")
    (tmp_path / "q.jsonl").write_text("\n".join(lines), "utf-8")
    (tmp_path / "q.tsv").write_text("".join(judgements), "utf-8")
    asked = ("-i", seeds_index, "--json")
    apart = output_of(run("evaluate", "q.jsonl", "--qrels", "q.tsv", *asked))
    assert apart == output_of(run("evaluate", some, *asked))


def test_two_settings_are_compared(run, seeds_index, some):
    both = ("fusion=rrf", "mode=keyword,fusion=convex")
    asked = ("evaluate", some, "-i", seeds_index, "--compare", *both)
    found = json.loads(output_of(run(*asked, "--json")))
    assert found["baseline"] == "fusion=rrf"
    assert [system["name"] for system in found["systems"]] == list(both)
    means = [system["measures"]["nDCG@10"]["mean"] for system in found["systems"]]
    (compared,) = (one for one in found["comparisons"] if one["measure"] == "nDCG@10")
    assert compared["system"] == both[1]
    assert compared["difference"]["mean"] == pytest.approx(means[1] - means[0])
    printed = output_of(run(*asked))
    assert "mode=keyword,fusion=convex" in printed
    assert "differences from fusion=rrf" in printed


def test_two_indexes_are_compared(run, seeds_index, tiny_index, some):
    done = run("evaluate", some, "--compare", seeds_index, tiny_index, "--json")
    found = json.loads(output_of(done))
    full, empty = (system["measures"]["recall@100"]["mean"] for system in found["systems"])
    assert full > 0.8
    assert empty == 0
    (warning,) = found["warnings"]
    assert f"of the relevant paragraphs are not in {tiny_index}" in warning
    assert "the figures are too low" in warning
    assert f"nutgraf: {warning}\n" == done.stderr.decode()


def test_an_index_and_a_setting_are_compared(run, seeds_index, some):
    asked = ("evaluate", some, "-i", seeds_index, "--json", "--compare")
    found = json.loads(output_of(run(*asked, seeds_index, "mode=hybrid")))
    assert [one["p"] for one in found["comparisons"]] == [1.0] * 4


@pytest.mark.parametrize(
    ("sides", "why"),
    [
        (("mode=keyword", "mode=keyword"), "'mode=keyword' is given twice"),
        (("mode=keyword", "no.index"), "'no.index' is not an index, and 'no.index' is not a sett"),
        (
            ("mode=keyword", "limit=5"),
            "'limit=5' is not a setting; write mode=VALUE or fusion=VALUE",
        ),
        (("mode=keyword", "mode=both"), "mode: is 'both'; choose one of"),
        (("mode=keyword", "mode=1"), "mode: must be of type str, got int"),
        (("mode=keyword", "mode=keyword,"), "'' is not a setting"),
    ],
)
def test_invalid_comparison_is_refused(run, seeds_index, some, sides, why):
    assert why in refused(run("evaluate", some, "-i", seeds_index, "--compare", *sides))


def test_bad_input_is_reported(run, seeds_index, some, tmp_path):
    assert "no.index" in refused(run("evaluate", some, "-i", "no.index"))
    assert "cannot be read" in refused(run("evaluate", "no.jsonl", "-i", seeds_index))
    (tmp_path / "bad.jsonl").write_text('{"id": "1"}')
    assert "bad.jsonl:1: exactly one of 'question' and 'text'" in refused(
        run("evaluate", "bad.jsonl")
    )


def test_questions_without_relevant_paragraphs_are_reported(run, seeds_index, some):
    with some.open("a", encoding="utf-8") as file:
        file.write('{"id": "z\\u001b", "question": "Why?", "relevant": {}}\n')
    done = run("evaluate", some, "-i", seeds_index)
    assert "12 questions;" in output_of(done)
    warning = done.stderr.decode()
    assert "1 question is skipped, because nothing is judged relevant to it" in warning
    assert "(z\N{REPLACEMENT CHARACTER})" in warning


def test_missing_library_is_reported(monkeypatch, capsys, seeds_index, some):
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    assert run(["evaluate", str(some), "-i", str(seeds_index)]) == 2
    assert "pip install 'nutgraf[evaluation]'" in capsys.readouterr().err


def test_baseline_is_measured():
    assert evaluate.BASELINE in evaluate.SYSTEMS
