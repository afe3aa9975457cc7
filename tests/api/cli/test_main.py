"""The command line, run as a process."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from nutgraf.index import Article, IndexWriter
from nutgraf.index.storage.checked_json import checksum_of
from tests.api.conftest import served
from tests.waiting import PATIENCE, until

NUTGRAF = Path(sys.executable).with_name("nutgraf")
SEEDS = Path(__file__).parents[3] / "seeds"
GOOD = {"id": "good", "title": "Ferry strike ends", "paragraphs": ["The ferry crews went back."]}


def lines(*articles):
    return b"".join(json.dumps(article).encode() + b"\n" for article in articles)


def fails(done, code, *words):
    """Assert that a command failed with a message and without a traceback."""
    errors = done.stderr.decode()
    assert done.returncode == code, errors
    assert "Traceback" not in errors
    for word in words:
        assert word in errors
    return errors


@pytest.fixture
def index(tmp_path, seeds_index):
    """A copy of the sample index, which a test may change."""
    return shutil.copytree(seeds_index, tmp_path / "nutgraf.index")


def test_index_search_show_stats_delete(run, tmp_path, encoder_folder):
    source = SEEDS / "articles" / "business.jsonl"
    done = run("index", source, "--model", encoder_folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().startswith("nutgraf.index: 6 new, 0 updated, 0 unchanged; 51 ")
    again = run("index", source, "--json")
    assert json.loads(again.stdout) == {
        "created": 0, "updated": 0, "unchanged": 6, "rejected": 0, "paragraphs": 0,
        "encoded": 0, "seconds": json.loads(again.stdout)["seconds"], "interrupted": False,
        "dry_run": False, "unknown_fields": {},
    }  # fmt: skip
    found = run("search", "why did the creamery go under", "-n", "2").stdout.decode()
    assert " 1. Historic cheesemaker Dunmarrow in administration" in found
    assert "business-creamery-collapse-wire#0" in found
    shown = run("show", "business-creamery-collapse").stdout.decode()
    assert "Dunmarrow Creamery, the 117-year-old cheesemaker" in shown
    stats = json.loads(run("stats", "--json").stdout)
    assert stats["articles"] == 6
    assert stats["paragraphs"] == 51
    assert stats["keyword_engine"] == "tantivy"
    assert stats["encoder"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert stats["bytes"] > 20_000_000
    assert b"6 deleted" not in run("delete", "business-creamery-collapse").stdout
    fails(run("show", "business-creamery-collapse"), 2, "there is no article")
    assert json.loads(run("stats", "--json").stdout)["articles"] == 5


def test_json_is_the_same_as_over_http(run, index, client):
    arguments = ["creamery debts", "-n", "3", "--explain", "--source", "Northgate Courier"]
    printed = json.loads(run("search", *arguments, "--json").stdout)
    parameters = {"q": "creamery debts", "limit": 3, "explain": True, "source": "Northgate Courier"}
    answered = client.get("/v1/search", params=parameters).json()
    for answer in (printed, answered):
        answer.pop("took_ms")
    assert printed == answered
    shown = json.loads(run("show", "business-creamery-collapse", "--json").stdout)
    assert shown == client.get("/v1/articles/business-creamery-collapse").json()


def test_facets_are_printed_below_the_hits(run, index):
    facets = ["--facets", "source", "--facets", "published:year", "--facets", "published:month"]
    done = run("search", "flood homes", "-n", "1", *facets)
    *_, source, years, months = done.stdout.decode().splitlines()
    same = [*facets, "--group", "article", "--json"]
    answer = json.loads(run("search", "flood homes", "-n", "1", *same).stdout)
    counts = {
        name: [f"{one['value']} {one['count']}" for one in found]
        for name, found in answer["facets"].items()
    }
    assert len(counts["published:month"]) > 12
    assert source == "source: " + " · ".join(counts["source"])
    assert years == "published:year: " + " · ".join(counts["published:year"])
    newest = [f"{len(counts['published:month']) - 12} more", *counts["published:month"][-12:]]
    assert months == "published:month: " + " · ".join(newest)
    none = run("search", "+unheardof", "--facets", "author").stdout.decode()
    assert none.splitlines()[-1] == "author: nothing"
    fails(run("search", "flood", "--facets", "paper"), 2, "facets: has 'paper'", "published")
    fails(run("search", "flood", *facets[:2], *facets[:2]), 2, "facets: contains 'source' 2 times")


def test_similar(run, index, client):
    name = "business-creamery-collapse"
    found = run("similar", name, "-n", "2").stdout.decode()
    assert found.startswith(" 1. Historic cheesemaker Dunmarrow in administration")
    options = ["--section", "business", "--published-from", "2022", "--language", "en"]
    done = run("similar", f"{name}#2", "--limit", "3", *options, "--json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    parameters = {"limit": 3, "section": "business", "published_from": "2022", "language": "en"}
    answered = client.get(f"/v1/articles/{name}%232/similar", params=parameters).json()
    for answer in (printed, answered):
        answer.pop("took_ms")
    assert printed == answered
    fails(run("similar", f"{name}#99"), 2, f"there is no article or paragraph '{name}#99'")
    fails(run("similar", name, "-n", "0"), 2, "limit: must be between 1 and 100, got 0")


def test_suggest(run, index, client):
    done = run("suggest", "who pays the dunmarrow cr")
    assert done.returncode == 0
    assert done.stdout.decode().startswith(
        "who pays the Dunmarrow Creamery  phrase in 2 articles\n"
    )
    titles = run("suggest", "dunmarrow creamery falls").stdout.decode()
    assert "owing £23.4m  business-creamery-collapse\n" in titles
    printed = json.loads(run("suggest", "dunmarrow", "-n", "2", "--json").stdout)
    answered = client.get("/v1/suggest", params={"q": "dunmarrow", "limit": 2}).json()
    for answer in (printed, answered):
        answer.pop("took_ms")
    assert printed == answered
    assert run("suggest", "").stdout == b""
    fails(run("suggest", "x", "--limit", "21"), 2, "limit: must be between 1 and 20, got 21")
    (index / "suggestions.sqlite").write_bytes(b"")
    fails(run("suggest", "dun"), 1, "suggestions.sqlite", "open the index for writing once")


def test_correction_and_unknown_words_are_printed_to_standard_error(run, index, client):
    asked = ("search", "creemery detbs", "-n", "1", "--mode", "keyword")
    done = run(*asked)
    assert done.stderr.decode() == (
        "showing hits for: Creamery debts\nsearch instead for: creemery detbs (--no-correct)\n"
    )
    done = run(*asked, "--no-correct")
    assert done.stderr.decode() == (
        "did you mean: Creamery debts\nunknown: creemery, detbs (in no article)\n"
    )
    assert b"did you mean" not in done.stdout
    printed = json.loads(run(*asked, "--json").stdout)
    answered = client.get("/v1/search", params={"q": "creemery detbs", "mode": "keyword"}).json()
    for answer in (printed, answered):
        assert answer["corrected"] == "Creamery debts"
        assert answer["suggestion"] is None
        assert answer["unknown"] == ["creemery", "detbs"]


def test_understood_words_are_printed_to_standard_error(run, index):
    done = run("search", "flood weather October 2023", "-n", "1", "--urls")
    assert done.stderr.decode().splitlines() == [
        "understood: weather (--section weather)",
        "understood: October 2023 (--published-from 2023-10-01 --published-to 2023-10-31)",
    ]
    assert done.stdout.decode().splitlines()[1].startswith("    https://example.org/")
    assert re.search(r"  (likely|possible|weak)$", done.stdout.decode().splitlines()[0])
    ordered = run("search", "flood", "-n", "1", "--weight", "0.5").stdout.decode()
    assert re.search(r"  0\.\d\d$", ordered.splitlines()[0])


def test_relative_dates_and_unknown_values(run, index):
    assert run("search", "flood", "--published-from", "-7d", "--json").returncode == 0
    assert run("similar", "weather-haverdyke-flood", "--published-to", "last week").returncode == 0
    fails(run("search", "flood", "--published-from", "soon"), 2, "yesterday, last week, 3 days ago")
    done = run("search", "flood", "--source", "Northgate Curier")
    nearest = "no article has the source 'Northgate Curier'; the nearest is 'Northgate Courier'"
    assert done.stderr.decode() == f"nutgraf: {nearest}\n"
    done = run("similar", "weather-haverdyke-flood", "--source", "Northgate Curier")
    assert done.stderr.decode() == f"nutgraf: {nearest}\n"


def test_every_option_of_a_search(run, index):
    done = run(
        "search", "people", "--mode", "semantic", "--limit", "5", "--offset", "2",
        "--fusion", "rrf",
        "--source", "Ferrum Daily", "--source", "Tidewater Post", "--section", "business",
        "--language", "en", "--published-from", "2021-01-01", "--published-to", "2024-12-31",
        "--highlight-pre", "[", "--highlight-post", "]", "--explain", "--json",
        "--highlight-semantic-pre", "{", "--highlight-semantic-post", "}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [hit["rank"] for hit in answer["hits"]] == [3, 4, 5, 6, 7]
    assert {hit["article"]["section"] for hit in answer["hits"]} == {"business"}
    one = run("search", "people", "--article", "business-creamery-collapse", "--json")
    assert {hit["article"]["id"] for hit in json.loads(one.stdout)["hits"]} == {
        "business-creamery-collapse"
    }
    none = run("search", "people", "--author", "Nobody", "--json")
    assert json.loads(none.stdout)["hits"] == []


def test_terminal_shows_each_article_once_and_json_every_paragraph(run, index, client):
    shown = run("search", "creamery debts", "-n", "2").stdout.decode()
    assert "+1 version\n" in shown
    assert "business-creamery-collapse-wire#0" in shown
    assert len(re.findall(r"^    #\d+  ", shown, re.MULTILINE)) == 2
    assert "1 more with score 0.00: --min-score 0 shows them" in shown
    whole = run("search", "creamery debts", "-n", "2", "--min-score", "0").stdout.decode()
    assert len(re.findall(r"^    #\d+  ", whole, re.MULTILINE)) == 4
    assert re.search(r"^\d+ articles in ", shown, re.MULTILINE)
    paragraphs = run("search", "creamery debts", "--group", "paragraph").stdout.decode()
    assert "business-creamery-collapse#0" in paragraphs
    assert "business-creamery-collapse-wire#0" in paragraphs
    assert not re.search(r"^    #\d+  ", paragraphs, re.MULTILINE)
    assert json.loads(run("search", "creamery debts", "--json").stdout)["group"] == "paragraph"
    options = ["--group", "article", "--per-article", "2", "--versions", "first", "--diversity"]
    printed = json.loads(run("search", "creamery debts", *options, "0.2", "--json").stdout)
    parameters = {"group": "article", "per_article": 2, "versions": "first", "diversity": 0.2}
    answered = client.get("/v1/search", params={"q": "creamery debts", **parameters}).json()
    assert printed["hits"] == answered["hits"]
    fails(
        run("search", "x", "--per-article", "0"), 2, "per_article: must be between 1 and 20, got 0"
    )
    fails(run("search", "x", "--group", "story"), 2, "'paragraph', 'article'")


def test_invalid_articles_are_reported_and_others_are_indexed(run, tmp_path, encoder_folder):
    (tmp_path / "in").mkdir()
    bad_seven = [{**GOOD, "id": f"a{n}"} for n in range(9)]
    content = lines(*bad_seven[:6]) + b"{bad json\n" + lines(*bad_seven[6:])
    (tmp_path / "in" / "articles.jsonl").write_bytes(
        content + lines({"id": "u", "text": "x"}, {**GOOD, "id": "d", "published": "2023-99-99"})
    )
    (tmp_path / "in" / "empty.txt").touch()
    (tmp_path / "in" / "binary.txt").write_bytes(b"\x7fELF\x00\x01")
    (tmp_path / "in" / "long.txt").write_bytes(b"Long\n\n" + b"word " * 210_000)
    (tmp_path / "in" / "rtl.txt").write_text("\u202eעיתון 🚀\n\nהספינה עזבה את הנמל 🚢")
    done = run("index", "in", "--model", encoder_folder)
    fails(
        done, 2,
        "in/articles.jsonl:7: this is not JSON",
        "in/articles.jsonl:11: 'title' is missing; add it",
        "in/articles.jsonl:12: 'published' is '2023-99-99', which is not a valid date",
        "in/empty.txt: the file is empty",
        "in/binary.txt: this is binary, not text",
        "in/long.txt: 'paragraphs[0]' is 1,049,999 characters long",
    )  # fmt: skip
    assert b"10 new, 0 updated, 0 unchanged, 6 rejected" in done.stdout
    assert "הספינה" in run("search", "הספינה").stdout.decode()


def test_no_index_is_created_without_articles(run, tmp_path):
    fails(run("index", "missing.txt"), 2, "missing.txt: there is no such file")
    fails(run("index", "-", stdin=b""), 2, "standard input: the file is empty")
    assert list(tmp_path.iterdir()) == []


def test_standard_input_and_index_from_environment(run, tmp_path, encoder_folder):
    here = {"NUTGRAF_INDEX": str(tmp_path / "sub" / "other.index")}
    done = run("index", "-", "--model", encoder_folder, stdin=lines(GOOD), **here)
    assert done.returncode == 0, done.stderr
    assert json.loads(run("stats", "--json", **here).stdout)["articles"] == 1
    fails(run("stats"), 2, "there is no index at nutgraf.index")


def test_bad_input_does_not_change_indexed_articles(run, index):
    before = run("search", "creamery", "--json").stdout
    fails(
        run("index", "-", stdin=b"\x00\x01\n{}\n[]\n"), 2, "standard input:1", "input:2", "input:3"
    )
    after = run("search", "creamery", "--json").stdout
    hits = [json.loads(output)["hits"] for output in (before, after)]
    assert hits[0] == hits[1]


def test_columns_are_mapped(run, index, tmp_path):
    (tmp_path / "day.csv").write_text("headline,text\nFerry strike ends,Crews went back.\n")
    fails(run("index", "day.csv"), 2, "rejected day.csv: no column is called 'title'")
    fails(run("index", "day.csv", "--map", "headline=title"), 2, "the fields are id, title")
    assert run("index", "day.csv", "--map", "title=headline").returncode == 0
    assert b"Ferry strike ends" in run("show", "day:2").stdout


def test_interrupted_run_commits_articles_read_so_far(tmp_path, encoder_folder):
    many = lines(*({**GOOD, "id": f"a{n}", "text": f"Number {n}."} for n in range(20)))
    many = many.replace(b'"paragraphs": ["The ferry crews went back."], ', b"")
    rejects = tmp_path / "rejects.jsonl"
    running = subprocess.Popen(
        [
            NUTGRAF,
            "index",
            "-",
            "--model",
            encoder_folder,
            "-i",
            tmp_path / "x.index",
            "--rejects",
            rejects,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    running.stdin.write(many + b"no article\n")
    running.stdin.flush()
    # Rejects are written in order, so the articles before this one were put.
    until(lambda: rejects.exists() and rejects.stat().st_size)
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate(timeout=30)
    assert running.returncode == 130, errors
    assert b"interrupted, and committed up to there: 20 new" in output


def test_settings_of_a_new_index(run, tmp_path, encoder_folder):
    made = run(
        "index", "-", "--keyword-engine", "whoosh", "--model", encoder_folder, stdin=lines(GOOD)
    )
    assert made.returncode == 0, made.stderr
    fails(run("search", "ferry"), 2, "whoosh", "--trust")
    assert b"Ferry strike ends" in run("search", "ferry", "--trust").stdout
    assert b"Ferry strike ends" in run("search", "ferry", NUTGRAF_TRUST="1").stdout
    fails(run("index", "-", stdin=lines(GOOD)), 2, "--trust")
    other = run("index", "-", "--trust", "--keyword-engine", "tantivy", stdin=lines(GOOD))
    fails(other, 2, "was created with --keyword-engine whoosh, not tantivy")
    same = run("index", "-", "--trust", "--model", encoder_folder, stdin=lines(GOOD))
    assert b"1 unchanged" in same.stdout
    other = run("index", "-", "--trust", "--model", "acme/other", stdin=lines(GOOD))
    used = "sentence-transformers/all-MiniLM-L6-v2"
    fails(other, 2, f"was created with --model {used}, not acme/other")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", "x", "--cursor", "broken"], "cursor: is damaged or not a cursor"),
        (["search", "x", "--sort", "date"], "sort: cannot order by 'date'"),
        (["search", "x", "--sort", "a b"], "sort: is 'a b'; write it as relevance, newest"),
        (["search", "x" * 10_000], "q: is 10,000 characters long; at most 2,000"),
        (["search", "x", "-n", "0"], "limit: must be between 1 and 100, got 0"),
        (["search", "x", "--offset", "10001"], "offset: must be between 0 and 10000, got 10001"),
        (["search", "x", "--mode", "magic"], "--mode"),
        (
            ["search", "x", "--published-from", "soon"],
            "published_from: is 'soon', which is not a date",
        ),
        (["search", "x", "-i", "nowhere"], "there is no index at nowhere"),
        (["show", "nothing"], "there is no article or paragraph 'nothing'"),
        (["show", "a#" + "1" * 5_000], "there is no article"),
        (["show", b"\xff"], "there is no article"),
        (["delete", b"\xff"], "there is no article"),
        (["show", "business-creamery-collapse#999"], "there is no article or paragraph"),
        (["delete", "nothing"], "there is no article 'nothing'"),
        (["frobnicate"], "frobnicate"),
        (["search", "x", "--frob"], "--frob"),
        (["serve", "--port", "99999"], "--port"),
    ],
)
def test_user_error_is_reported_with_exit_code_2(run, index, arguments, words):
    fails(run(*arguments), 2, words)


@pytest.mark.parametrize(
    "question", ["((((", '"unclosed', "title:", "🚀", "סירה", "*", "a AND", "- -"]
)
def test_malformed_questions_are_answered(run, index, question):
    done = run("search", "--", question)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


def test_question_needs_no_quotation_marks(run, index):
    quoted, plain = (
        run("search", "creamery debts", "--json"),
        run("search", "creamery", "debts", "--json"),
    )
    first, second = (json.loads(done.stdout) for done in (quoted, plain))
    assert second["query"] == "creamery debts"
    assert first["hits"] == second["hits"]
    assert run("search", "-n", "1", "--", "-flood", "water").returncode == 0


def test_warnings_go_to_standard_error(run, index):
    done = run("search", '"creamery', "--json")
    assert json.loads(done.stdout)["warnings"]
    assert b"is not closed" in run("search", '"creamery').stderr


def test_folder_without_index_and_damaged_index_are_reported(run, index, tmp_path):
    (tmp_path / "folder").mkdir()
    fails(run("search", "x", "-i", "folder"), 2, "folder is not an index")
    fails(run("stats", "-i", "/dev/null"), 2, "is a file")
    (index / "rows.i8").write_bytes(b"")
    fails(run("search", "creamery"), 1, "rows.i8 is missing or shorter")
    (index / "catalog.sqlite").unlink()
    fails(run("search", "creamery"), 1, "catalog.sqlite is missing")


def test_encoder_other_than_in_manifest_is_refused(run, index):
    manifest = json.loads((index / "manifest.json").read_text())
    manifest["encoder"].update(name="acme/other", sha256="0" * 64)
    del manifest["checksum"]
    manifest["checksum"] = checksum_of(manifest)
    (index / "manifest.json").write_text(json.dumps(manifest))
    fails(run("search", "creamery"), 2, "acme/other", "sentence-transformers/all-MiniLM-L6-v2")


def test_closed_pipe_is_not_an_error(index):
    for command in ("search creamery -n 100 --json", "search creamery -n 100", "stats"):
        script = f"set -o pipefail; {NUTGRAF} {command} -i {index} | head -c 1"
        done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=60)
        assert (done.returncode, done.stderr, len(done.stdout)) == (0, b"", 1)


def test_text_cannot_control_the_terminal(run, index):
    text = "Zebra \x1b]0;x\x07 stripes \x9b2J"
    with IndexWriter(index) as writer:  # An Article keeps the characters that readers remove.
        writer.put(Article("red", "Red \x1b[2J title", (text,)))
    for done in (run("search", "zebra stripes", "-n", "1"), run("show", "red")):
        assert b"Zebra" in done.stdout
        assert b"\x1b" not in done.stdout
        assert b"\x07" not in done.stdout
    printed = run("show", "red", "--json").stdout
    assert "\x9b".encode() not in printed
    assert json.loads(printed)["paragraphs"][0]["text"] == text


def test_paragraph_ids_can_be_shown(run, index):
    done = run("show", "business-creamery-collapse#2")
    assert done.returncode == 0
    assert b"Fairlow" in done.stdout


def test_serve(index):
    with served(index) as server:
        answer = httpx.get(f"{server.address}/v1/search", params={"q": "creamery"}).json()
        assert answer["hits"]
        server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE) == 0
    assert b"Traceback" not in b"".join(server.errors)


def test_port_in_use_is_reported(index):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [NUTGRAF, "serve", "-i", index, "--port", port], capture_output=True, timeout=60
        )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"in use" in done.stderr


def test_missing_model_is_reported(run_anew, tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda n, p=None: None if n.startswith('gt_all') else find(n, p)\n"
    )
    (tmp_path / "a.txt").write_text("Title\n\nText.")
    environment = {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": str(hidden),
    }
    errors = fails(run_anew("index", "a.txt", **environment), 2, "offline-model")
    assert "pip install" in errors
    assert not (tmp_path / "nutgraf.index").exists()


def test_closed_output_and_ascii_terminal_are_supported(run_anew, index):
    script = f"{NUTGRAF} stats -i {index} >&-; {NUTGRAF} search Brücke -i {index} 2>&-"
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=60)
    assert b"Traceback" not in done.stderr
    done = run_anew("search", "brücke", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert b"\\xfc" in done.stdout


def test_help_lists_commands(run):
    assert run("--version").stdout.startswith(b"nutgraf 0.")
    printed = run("--help").stdout.decode()
    for command in ("index", "search", "show", "stats", "delete", "serve"):
        assert command in printed


def test_new_index_keeps_boilerplate_on_request(run, tmp_path, tiny_encoder):
    articles = tmp_path / "news.jsonl"
    articles.write_text('{"id": "a", "title": "Ice", "paragraphs": ["It froze.", "Photo: Ann"]}\n')
    for index, options, left_out in (("a", (), 1), ("b", ("--keep-boilerplate",), 0)):
        at = str(tmp_path / index)
        asked = ("index", str(articles), "-i", at, "--model", str(tiny_encoder))
        assert run(*asked, *options).returncode == 0
        assert json.loads(run("stats", "--json", "-i", at).stdout)["boilerplate"] == left_out
    refused = run("index", str(articles), "-i", str(tmp_path / "a"), "--keep-boilerplate")
    fails(refused, 2, "was created without --keep-boilerplate")
