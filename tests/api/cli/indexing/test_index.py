"""`nutgraf index`: dry runs, interruptions, and processes that read files."""

import json
import os
import signal
import subprocess
import time
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from nutgraf.api.cli.indexing.article_reader import ArticleReader
from nutgraf.api.cli.indexing.dry_run import dry_run_sources
from nutgraf.api.cli.indexing.index import IndexOptions, index_sources
from nutgraf.api.cli.indexing.rejects import open_rejects
from nutgraf.index import IndexSnapshot
from nutgraf.index.errors import UserError, WorkerError
from nutgraf.index.sources.formats import markdown
from nutgraf.index.sources.workers import MIN_BYTES_FOR_WORKERS
from nutgraf.index.vectors import background, clustering
from nutgraf.index.vectors.clustering import make_clusters
from tests.api.conftest import NUTGRAF, TINY_ENCODER
from tests.waiting import until

TEXT = "The ferry crews went back to work on Monday after eleven days on strike."


def article(name, *texts, **fields):
    fields = {"id": name, "title": f"On {name}", "language": "en", **fields}
    return json.dumps({**fields, "paragraphs": texts or [TEXT]}) + "\n"


def index_day(tmp_path, rejects=None):
    """Index the folder in/ into x.index. Return the summary and the messages."""
    messages = Console(file=StringIO(), width=200)
    with open_rejects(rejects) as file:
        reader = ArticleReader(messages, rejects=file)
        index_options = IndexOptions(model=str(TINY_ENCODER))
        done = index_sources(
            [str(tmp_path / "in")], tmp_path / "x.index", index_options, reader, trust=False
        )
    return done, messages.file.getvalue()


@pytest.fixture
def day(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in" / "day.jsonl"


def test_clusters_are_in_use_before_the_process_ends(tmp_path, day, monkeypatch):
    def make_slowly(*parts):
        time.sleep(0.2)
        make_clusters(*parts)

    monkeypatch.setattr(clustering, "FIRST_ROWS", 1)
    monkeypatch.setattr(background, "make_clusters", make_slowly)
    day.write_text(article("a") + article("b"))
    done, _ = index_day(tmp_path)
    assert (done.created, done.interrupted) == (2, False)
    with IndexSnapshot.open(tmp_path / "x.index") as snapshot:
        assert snapshot.vectors.clusters.rows == 2


def test_dry_run_counts_as_the_run_does_and_writes_nothing(tmp_path, day):
    messages = Console(file=StringIO(), width=200)

    def run_dry():
        outcomes = []
        sources = [str(tmp_path / "in")]
        done = dry_run_sources(
            sources,
            tmp_path / "x.index",
            ArticleReader(messages),
            lambda *one: outcomes.append(one),
        )
        return done, [(outcome, article.id) for outcome, article in outcomes]

    day.write_text(article("a") + article("b", TEXT, "More of it."))
    for _ in range(2):
        done, outcomes = run_dry()
        assert outcomes == [("created", "a"), ("created", "b")]
        assert str(done) == (
            "nothing was written: 2 new, 0 updated, 0 unchanged; 3 paragraphs to put"
        )
        assert not (tmp_path / "x.index").exists()
    index_day(tmp_path)

    day.write_text(article("a") + article("b", "Less.") + article("c") + article("c") + "{}\n")
    before = files_of(tmp_path / "x.index")
    done, outcomes = run_dry()
    assert files_of(tmp_path / "x.index") == before
    assert outcomes == [("unchanged", "a"), ("updated", "b"), ("created", "c"), ("unchanged", "c")]
    assert "day.jsonl:5: 'title' is missing" in messages.file.getvalue()
    really, _ = index_day(tmp_path)
    for name in ("created", "updated", "unchanged", "rejected", "paragraphs"):
        assert getattr(done, name) == getattr(really, name), name
    assert (done.dry_run, really.dry_run) == (True, False)


def test_dry_run_as_a_process(run, tmp_path):
    (tmp_path / "day.jsonl").write_text(article("a") + "{}\n")
    done = run("index", "day.jsonl", "--dry-run", "--rejects", "rejects.jsonl")
    assert (done.returncode, done.stdout.decode().splitlines()) == (
        2,
        [
            "new     a  On a",
            "nutgraf.index: nothing was written: 1 new, 0 updated, 0 unchanged, 1 rejected; "
            "1 paragraph to put",
        ],
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["day.jsonl", "rejects.jsonl"]
    assert json.loads((tmp_path / "rejects.jsonl").read_text())["place"] == "day.jsonl:2"


def test_unchanged_text_is_not_encoded_again(tmp_path, day):
    day.write_text(article("a") + article("b", TEXT, "More of it."))
    assert [index_day(tmp_path)[0].encoded for _ in range(2)] == [3, 0]
    day.write_text(article("b", TEXT, "And more."))
    third, _ = index_day(tmp_path)
    assert (third.updated, third.paragraphs, third.encoded) == (1, 2, 1)
    day.write_text(article("b", TEXT))
    fourth = str(index_day(tmp_path)[0])
    assert "1 updated, 0 unchanged; 1 paragraph, all encoded before, in" in fourth


def test_rejects_are_written_as_json(tmp_path, day):
    day.write_text(article("a") + "{}\n" + article("b", published="2093-01-04"))
    rejects = tmp_path / "in" / "rejects.jsonl"
    for _ in range(2):  # In the second run, the folder contains a file of rejects.
        _, printed = index_day(tmp_path, rejects)
        assert "rejects.jsonl" not in printed
        found = [json.loads(line) for line in rejects.read_text().splitlines()]
        assert [(one["kind"], one["place"]) for one in found] == [
            ("rejected", f"{day}:2"),
            ("flagged", f"{day}:3"),
        ]
        assert found[0]["reason"].startswith("'title' is missing")


def test_many_rejects_are_summarized_and_written(tmp_path, day):
    day.write_text(article("a") + '{"title": "No text"}\n' * 50)
    rejects = tmp_path / "bad.jsonl"
    done, printed = index_day(tmp_path, rejects)
    assert done.rejected == 50
    assert printed.count("and so is 'text'") == 20
    assert f"{day}: 30 more were rejected, flagged or skipped; {rejects} has the" in printed
    assert len(rejects.read_text().splitlines()) == 50
    _, printed = index_day(tmp_path)
    assert "--rejects FILE writes the rejected and flagged ones to a file" in printed


def test_duplicate_id_is_reported(tmp_path, day):
    day.write_text(article("a") + article("b") + article("a") + article("b", "Another text."))
    done, printed = index_day(tmp_path)
    assert (done.created, done.updated, done.unchanged) == (2, 1, 1)
    assert "1 article has the id of an earlier article of this run, and replaced it (b)" in printed


def test_unwritable_rejects_file_is_reported_before_reading(run, tmp_path):
    done = run("index", "missing.txt", "--rejects", "nowhere/rejects.jsonl")
    assert done.returncode == 2
    assert done.stderr.decode() == (
        "nutgraf: cannot write nowhere/rejects.jsonl: No such file or directory; name "
        "another file with --rejects\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", ["reader", "rejects"])
def test_articles_before_an_error_are_committed(tmp_path, day, monkeypatch, wrong):
    def failing(*_):
        raise RecursionError("too deep")

    day.write_text(article("a") + article("b"))
    (day.parent / "later.md").write_text("# T\n\nText.")
    rejects = tmp_path / "rejects.jsonl"
    if wrong == "reader":
        monkeypatch.setattr(markdown, "decode_any", failing)
        expected = pytest.raises(WorkerError, match=r"later\.md could not be read: RecursionError")
    else:
        (day.parent / "later.md").write_text("")
        rejects = Path("/dev/full")
        expected = pytest.raises(
            UserError, match=r"cannot write /dev/full any more: No space left on device; "
        )
    with expected, open_rejects(rejects) as file:
        reader = ArticleReader(Console(file=StringIO()), rejects=file)
        index_options = IndexOptions(model=str(TINY_ENCODER))
        index_sources([str(day.parent)], tmp_path / "x.index", index_options, reader, trust=False)
    with IndexSnapshot.open(tmp_path / "x.index") as snapshot:
        assert snapshot.commit.articles == 2


def test_rejects_file_among_sources_is_refused(run, tmp_path):
    source = tmp_path / "in" / "day.jsonl"
    source.parent.mkdir()
    source.write_text(article("a"))
    (tmp_path / "link.jsonl").symlink_to(source)
    for named, rejects in (
        (source, "in/day.jsonl"),
        (source.parent, "in/day.jsonl"),
        (source.parent, "link.jsonl"),
    ):
        for command in ("index", "watch") if named.is_dir() else ("index",):
            done = run(command, named, "--rejects", rejects)
            assert done.returncode == 2
            assert done.stderr.decode() == (
                f"nutgraf: --rejects would overwrite {rejects}, which is in the sources: name "
                "another file\n"
            )
    assert source.read_text() == article("a")
    before = source.parent / "rejects.jsonl"
    for content in ("", '{"kind": "rejected", "place": "x", "reason": "y"}\n'):
        before.write_text(content)
        with open_rejects(before, [str(source.parent)]):
            assert before.read_text() == ""


@pytest.fixture
def running(tmp_path):
    """A `nutgraf index` in its own process group, with worker processes."""
    source = tmp_path / "large.jsonl"
    rejects = tmp_path / "rejects.jsonl"
    with source.open("w") as file:
        for at in range(MIN_BYTES_FOR_WORKERS // 500):
            file.write(article(f"a{at}", *(f"{TEXT} Number {at}, {part}." for part in range(8))))
            if at == 20:
                file.write("no article\n")
    assert source.stat().st_size > MIN_BYTES_FOR_WORKERS
    process = subprocess.Popen(
        [
            NUTGRAF,
            "index",
            source,
            "-i",
            tmp_path / "x.index",
            "--model",
            TINY_ENCODER,
            "--rejects",
            rejects,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        # Rejects are written in order, so the articles before this one were put.
        until(lambda: rejects.exists() and rejects.stat().st_size)
        assert readers_of(process)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_control_c_commits_read_articles_and_leaves_no_process(running, tmp_path):
    os.killpg(running.pid, signal.SIGINT)  # Like a terminal: the workers get the signal too.
    output, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert b"x.index: interrupted, and committed up to there: " in output
    assert b"Traceback" not in errors
    assert b"interrupted: committing the articles read so far" in errors
    until(lambda: not is_there(running.pid))
    with IndexSnapshot.open(tmp_path / "x.index") as snapshot:
        created = int(output.split(b"there: ")[1].split(b" new")[0].replace(b",", b""))
        assert 0 < created == snapshot.commit.articles


def test_killed_worker_ends_the_run_and_read_articles_are_committed(running, tmp_path):
    for reader in readers_of(running):
        os.kill(reader, signal.SIGKILL)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 1
    assert (
        errors.decode()
        .splitlines()[-1]
        .startswith(
            f"nutgraf: the process that read {tmp_path}/large.jsonl was killed by signal 9; "
        )
    )
    with IndexSnapshot.open(tmp_path / "x.index") as snapshot:
        assert snapshot.commit.articles > 0


def is_there(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def readers_of(process):
    """Return the process ids of the workers of a `nutgraf index`."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    commands = {int(one): Path(f"/proc/{one}/cmdline").read_bytes() for one in children}
    return [one for one, command in commands.items() if b"spawn_main" in command]


def files_of(folder):
    """Return the files of an index, except those that a reader creates through SQLite."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in files if "sqlite-" not in path.name}


def test_unknown_fields_are_counted(run, tmp_path, tiny_encoder):
    lines = [
        {"title": f"T{at}", "text": "x", "topic": "sea", **({"words": 3} if at else {})}
        for at in range(3)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = run("index", "a.jsonl", "--dry-run")
    expected = "; 2 unknown fields are stored in extra: topic in 3 articles, words in 2 articles"
    assert expected in done.stdout.decode()
    done = run("index", "a.jsonl", "--model", tiny_encoder)
    assert expected in done.stdout.decode(), done.stderr
    done = run("index", "a.jsonl", "--json", "--map", "section=topic")
    assert json.loads(done.stdout)["unknown_fields"] == {"words": 2}
    shown = run("show", "a:2", "--json")
    assert json.loads(shown.stdout)["extra"] == {"words": 3}


def test_fields_are_declared_listed_and_checked(run, tmp_path, tiny_encoder):
    lines = [
        {"title": "A", "text": "x", "topic": "sea", "words": 3},
        {"title": "B", "text": "y", "topic": "land", "words": "many"},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = run("index", "a.jsonl", "--model", tiny_encoder, "--field", "topic=keyword")
    assert "; 1 unknown field is stored in extra: words in 2 articles" in done.stdout.decode()
    added = run("fields", "--add", "words=number", "--add", "topic=keyword", "--json")
    assert added.returncode == 0, added.stderr
    declared = [one for one in json.loads(added.stdout)["fields"] if one["declared"]]
    assert declared == [
        {"name": "topic", "kind": "keyword", "articles": 2, "declared": True, "misfits": 0},
        {"name": "words", "kind": "number", "articles": 1, "declared": True, "misfits": 1},
    ]
    assert "words        number     1 article, 1 of another kind (declared)" in (
        run("fields").stdout.decode()
    )
    (tmp_path / "b.jsonl").write_text(json.dumps({**lines[1], "id": "new"}))
    for options in ((), ("--dry-run",)):
        done = run("index", "b.jsonl", "--field", "place=keyword[]", *options)
        assert done.returncode == 2
        assert "0 new, 0 updated, 0 unchanged, 1 rejected" in done.stdout.decode()
        assert "rejected new: 'words' is 'many'; the index declares it" in done.stderr.decode()
    for field, expected in (("topic=number", "'topic' is declared as keyword, not number"),
                        ("topic", "'topic' is not NAME=KIND")):  # fmt: skip
        done = run("index", "b.jsonl", "--field", field)
        assert done.returncode == 2
        assert expected in done.stderr.decode()
    found = run("search", "words:[1 TO 5]", "--json")
    assert [hit["article"]["id"] for hit in json.loads(found.stdout)["hits"]] == ["a:1"]


def test_show_prints_the_fields_of_an_article(run, tmp_path, tiny_encoder):
    fields = {"sections": ["News", "Sea"], "tags": ["a", "b"], "summary": "Short.", "topic": "é"}
    line = {"id": "a", "title": "A", "text": "x", "image": "https://example.org/i.jpg", **fields}
    (tmp_path / "a.jsonl").write_text(json.dumps(line))
    assert run("index", "a.jsonl", "--model", tiny_encoder).returncode == 0
    shown = run("show", "a").stdout.decode().splitlines()
    assert shown[:5] == [
        "A",
        "News, Sea · https://example.org/i.jpg",
        "tags: a, b",
        'extra: {"topic": "é"}',
        "Short.",
    ]


def test_unknown_device_leaves_no_index(run, tmp_path):
    (tmp_path / "a.jsonl").write_text(article("a"))
    done = run("index", "a.jsonl", "--model", TINY_ENCODER, "--device", "cuda:99")
    assert done.returncode == 2
    assert b"finds no device 'cuda:99'" in done.stderr
    assert not (tmp_path / "nutgraf.index").exists()
