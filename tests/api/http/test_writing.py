"""Writes over HTTP, one article at a time, over a socket."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

import nutgraf.api.http.routes.write as routes
import nutgraf.api.write_queue.queue as queue_module
from nutgraf.api.http.app import create_app
from nutgraf.api.http.responses import (
    DeletedAnswer,
    WrittenAnswer,
)
from nutgraf.api.write_queue.errors import FullError, NotWrittenError, UnavailableError
from nutgraf.api.write_queue.operations import Put
from nutgraf.api.write_queue.queue import CHANGE_SLOTS, WriteQueue
from nutgraf.api.write_queue.slots import RequestSlots
from nutgraf.index import Article, IndexWriter, compact_index, create_index
from nutgraf.index.errors import BrokenIndexError, DiskFullError
from nutgraf.index.json_lines import MAX_TEXT
from nutgraf.index.models.encoder import OnnxEncoder
from nutgraf.search import Searcher
from tests.api.conftest import make_tiny_index, serving, writing
from tests.api.http.test_http import problem
from tests.waiting import until

NDJSON = "application/x-ndjson"
FERRY = {"title": "Ferry strike ends", "paragraphs": ["The ferry crews went back.", "Quietly."]}


def put(client, article, body=FERRY, headers=None, **parameters):
    return client.put(f"/v1/articles/{article}", json=body, headers=headers, params=parameters)


def found(client, word):
    answer = client.get("/v1/search", params={"q": word, "mode": "keyword"}).json()
    return {hit["article"]["id"] for hit in answer["hits"]}


def test_unknown_fields_are_stored_in_extra_and_named(writer):
    body = {**FERRY, "topic": "sea", "extra": {"words": 3}, "tags": ["a", "b"]}
    answer = put(writer, "quay", body).json()
    assert answer["unknown_fields"] == ["topic"]
    WrittenAnswer.model_validate(answer)
    shown = writer.get("/v1/articles/quay").json()
    assert shown["extra"] == {"words": 3, "topic": "sea"}
    assert (shown["tags"], shown["sections"]) == (["a", "b"], [])
    lines = json.dumps({**body, "id": "quay"}) + "\n" + json.dumps({**FERRY, "id": "b"})
    headers = {"content-type": "application/x-ndjson"}
    first, second = writer.post("/v1/articles", content=lines, headers=headers).text.splitlines()
    assert json.loads(first)["unknown_fields"] == ["topic"]
    assert "unknown_fields" not in json.loads(second)
    for wrong, field in (
        ({"tags": ["x" * 10_000]}, "tags[0]"),
        ({"extra": {"big": "x" * 17_000}}, "extra"),
        ({"sections": 3}, "sections"),
    ):
        refused = put(writer, "quay", {**FERRY, **wrong})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == field


def test_declared_fields_are_checked_and_known(tmp_path, tiny_encoder):
    index = tmp_path / "news.index"
    create_index(index, model=str(tiny_encoder), fields={"topic": "keyword", "words": "number"})
    with writing(index) as client:
        answer = put(client, "quay", {**FERRY, "topic": "sea", "words": 3, "other": 1}).json()
        assert answer["unknown_fields"] == ["other"]
        refused = put(client, "b", {**FERRY, "words": "many"})
        assert refused.status_code == 422
        (error,) = refused.json()["errors"]
        assert error["field"] == "words"
        assert "the index declares it as number: give a finite number" in error["reason"]
        lines = [{**FERRY, "id": "a", "topic": ["sea"]}, {**FERRY, "id": "c", "topic": "sea"}]
        content = "\n".join(map(json.dumps, lines))
        headers = {"content-type": "application/x-ndjson"}
        answer = client.post(
            "/v1/articles", content=content, headers=headers, params={"refresh": True}
        )
        wrong, right = map(json.loads, answer.text.splitlines())
        assert (wrong["result"], right["result"]) == ("rejected", "created")
        assert "'topic' is ['sea']" in wrong["reason"]
        assert found(client, "topic:sea") == {"quay", "c"}
        assert client.get("/v1/articles/a").status_code == 404


def test_put_creates_updates_or_leaves_unchanged(writer):
    created = put(writer, "ferry")
    again = put(writer, "ferry")
    updated = put(writer, "ferry", {**FERRY, "title": "Ferry strike begins"})
    answers = [created.json(), again.json(), updated.json()]
    assert [created.status_code, again.status_code, updated.status_code] == [201, 200, 200]
    assert [answer["result"] for answer in answers] == ["created", "unchanged", "updated"]
    assert [answer["snapshot"] for answer in answers] == [1, 1, 2]
    assert created.headers["etag"] == answers[0]["etag"] == answers[1]["etag"]
    assert updated.headers["etag"] == answers[2]["etag"] != answers[0]["etag"]
    for answer in answers:
        assert set(answer) == set(WrittenAnswer.model_fields) - {"flagged", "unknown_fields"}
        WrittenAnswer.model_validate(answer)


def test_delete_removes_once(writer):
    put(writer, "ferry", refresh=True)
    deleted = writer.delete("/v1/articles/ferry", params={"refresh": True})
    assert (deleted.status_code, deleted.json()) == (
        200, {"id": "ferry", "result": "deleted", "snapshot": 2},
    )  # fmt: skip
    DeletedAnswer.model_validate(deleted.json())
    problem(writer.delete("/v1/articles/ferry"), 404)
    problem(writer.delete("/v1/articles/ferry", headers={"If-Match": "*"}), 404)
    problem(writer.get("/v1/articles/ferry"), 404)


def test_article_is_found_at_once_with_refresh_and_soon_without(writer):
    for number in range(5):
        put(writer, f"now{number}", {"title": "A", "text": f"aardvark{number}"}, refresh=True)
        assert found(writer, f"aardvark{number}") == {f"now{number}"}
    put(writer, "soon", {"title": "A", "text": "pangolin"})
    until(lambda: found(writer, "pangolin"))


def test_trusted_whoosh_index_can_be_written(tmp_path):
    index = make_tiny_index(tmp_path, keyword_engine="whoosh")
    with writing(index, trust=True) as client:
        assert put(client, "a", refresh=True).status_code == 201
        assert found(client, "ferry") == {"a"}
        assert client.delete("/v1/articles/a", params={"refresh": True}).status_code == 200
        assert found(client, "ferry") == set()


def test_id_may_contain_anything_that_a_url_can_encode(writer):
    for name, quoted in (("a/b/c", "a/b/c"), ("é ?#%", "%C3%A9%20%3F%23%25"), ("7", "7")):
        assert put(writer, quoted, {**FERRY, "id": name}, refresh=True).json()["id"] == name
        assert writer.get(f"/v1/articles/{quoted}").json()["id"] == name
    assert put(writer, "7", {**FERRY, "id": 7}).json()["result"] == "unchanged"


def test_get_sends_etag_and_304_if_unchanged(writer):
    tag = put(writer, "ferry", refresh=True).headers["etag"]
    shown = writer.get("/v1/articles/ferry")
    assert shown.headers["etag"] == tag
    for value in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = writer.get("/v1/articles/ferry", headers={"If-None-Match": value})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    other = writer.get("/v1/articles/ferry", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200
    problem(writer.get("/v1/articles/ferry", headers={"If-Match": '"other"'}), 412)
    problem(writer.get("/v1/articles/ferry", headers={"If-None-Match": "other"}), 400)


def test_conditions_of_a_write(writer):
    new = {**FERRY, "title": "Other"}
    problem(put(writer, "ferry", headers={"If-Match": "*"}), 412)
    first = put(writer, "ferry", headers={"If-None-Match": "*"})
    assert first.status_code == 201
    tag = first.headers["etag"]
    refused = put(writer, "ferry", new, {"If-None-Match": "*"})
    assert tag[1:-1] in problem(refused, 412)["detail"]
    problem(put(writer, "ferry", new, {"If-Match": '"other"'}), 412)
    problem(put(writer, "ferry", new, {"If-Match": f"W/{tag}"}), 412)
    problem(put(writer, "ferry", new, {"If-Match": "other"}), 400)
    second = put(writer, "ferry", new, {"If-Match": f'"other", {tag}'})
    assert second.json()["result"] == "updated"
    problem(writer.delete("/v1/articles/ferry", headers={"If-Match": tag}), 412)
    gone = writer.delete("/v1/articles/ferry", headers={"If-Match": second.headers["etag"]})
    assert gone.status_code == 200


def test_one_of_the_clients_that_read_the_same_version_wins(writer):
    """Each client adds 1 with If-Match, and retries on 412: no addition is lost."""
    put(writer, "sum", {"title": "0", "text": "A sum."}, refresh=True)
    conflicts = []

    def add(_):
        while True:
            shown = writer.get("/v1/articles/sum")
            body = {"title": str(int(shown.json()["title"]) + 1), "text": "A sum."}
            changed = put(writer, "sum", body, {"If-Match": shown.headers["etag"]}, refresh=True)
            if changed.status_code == 200:
                return
            problem(changed, 412)
            conflicts.append(1)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, range(24)))
    assert writer.get("/v1/articles/sum").json()["title"] == "24"
    assert conflicts


def test_many_puts_share_commits(writer):
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda n: put(writer, f"a{n}").json(), range(200)))
    assert {answer["result"] for answer in answers} == {"created"}
    snapshots = [answer["snapshot"] for answer in answers]
    assert max(snapshots) == len(set(snapshots))
    assert max(snapshots) < 100
    with Searcher(writer.queue.path) as searcher:
        assert searcher.statistics().articles == 200


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"{", 400, "line 1, column 2"),
        (b'{"title": "x",\n  "text" "y"}', 400, "line 2, column 10"),
        (b"", 400, "not JSON"),
        (b'{"title": NaN, "text": "x"}', 400, "NaN"),
        (b'{"title": "x", "text": "x", "other": Infinity}', 400, "Infinity"),
        (b'{"title": "\xff"}', 400, "UTF-8"),
        (b'{"title": "a\x00b", "text": "x"}', 400, "NUL"),
        (b"[" * 100_000, 400, "deep"),
        (b'{"title": ' + b"9" * 5_000 + b"}", 400, "not JSON"),
        (b"[]", 422, "object"),
        (b"{}", 422, "title"),
        (b'{"title": "x"}', 422, "paragraphs"),
        (b'{"title": "x", "paragraphs": []}', 422, "paragraphs"),
        (b'{"title": "x", "paragraphs": [1]}', 422, "paragraphs[0]"),
        (b'{"title": "\\ud800", "text": "x"}', 422, "title: is empty"),
        (b'{"title": "x", "text": "y", "published": "soon"}', 422, "published"),
        (b'{"id": "b", "title": "x", "text": "y"}', 422, "'a'"),
        (b'{"id": "\\ud800", "title": "x", "text": "y"}', 422, "'a'"),
        (b'{"id": true, "title": "x", "text": "y"}', 422, "true"),
        (b'{"title": "x", "text": "' + b"y" * 100_001 + b'"}', 422, "100,001"),
    ],
)
def test_problem_says_where_a_body_is_invalid(refuser, content, status, words):
    sent = refuser.put(
        "/v1/articles/a", content=content, headers={"content-type": "application/json"}
    )
    body = problem(sent, status)
    assert words in body["detail"]
    assert body["errors"][0]["reason"]
    problem(refuser.get("/v1/articles/a"), 404)


def test_invalid_characters_are_removed_and_reported(writer):
    body = b'{"title": "Mast\\u0000 falls", "text": "It fell\\ud800 at noon.", "author": "\\u0001"}'
    sent = writer.put("/v1/articles/a", content=body, headers={"content-type": "application/json"})
    assert sent.json()["flagged"].startswith(
        "invalid characters were removed from 'title', 'text', 'author'"
    )
    WrittenAnswer.model_validate(sent.json())
    shown = writer.get("/v1/articles/a").json()
    assert (shown["title"], shown["author"]) == ("Mast falls", None)
    assert shown["paragraphs"][0]["text"] == "It fell at noon."


@pytest.mark.parametrize("name", ["%20a", "a%7Fb", "%FF", "x" * 513, ""])
def test_invalid_ids_are_refused(refuser, name):
    body = problem(put(refuser, name), 422)
    assert body["errors"][0]["field"] == "id"


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "text/plain"},
        {"content-type": ""},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_other_content_types_are_refused(refuser, headers):
    """A web page in a browser can send these without a CORS preflight."""
    content = json.dumps(FERRY).encode()
    problem(refuser.put("/v1/articles/a", content=content, headers=headers), 415)
    if "encoding" in str(headers):
        headers = {**headers, "content-type": "application/x-ndjson"}
    problem(refuser.post("/v1/articles", content=content, headers=headers), 415)


def test_content_type_may_have_a_charset(writer):
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    content = json.dumps(FERRY).encode()
    assert writer.put("/v1/articles/a", content=content, headers=headers).status_code == 201


def test_article_over_limit_is_refused_and_large_one_is_accepted(writer):
    headers = {"content-type": "application/json"}

    def endless():
        for _ in range(MAX_TEXT // 2**20 + 1):
            yield b" " * 2**20

    problem(writer.put("/v1/articles/a", content=endless(), headers=headers), 413)
    problem(writer.put("/v1/articles/a", content=b" " * (MAX_TEXT + 1), headers=headers), 413)
    assert put(writer, "large", {"title": "x", "paragraphs": ["word " * 10_000] * 20}).is_success


def test_read_only_is_the_default(client):
    for answer in (
        put(client, "a"),
        client.delete("/v1/articles/business-creamery-collapse"),
        client.post("/v1/articles", content=b"{}"),
    ):
        assert "--writable" in problem(answer, 403)["detail"]
    assert client.get("/v1/articles/business-creamery-collapse").status_code == 200


@pytest.fixture
def slow_encoder(monkeypatch):
    """An encoder that waits until the test sets the event."""
    going, encode = threading.Event(), OnnxEncoder.encode_paragraphs

    def slowed(self, texts):
        assert going.wait(60)
        return encode(self, texts)

    monkeypatch.setattr(OnnxEncoder, "encode_paragraphs", slowed)
    yield going
    going.set()


def test_changes_over_limit_get_429(writer, slow_encoder):
    limits = httpx.Limits(max_connections=None)
    with (
        httpx.Client(base_url=writer.base_url, timeout=60, limits=limits) as many,
        ThreadPoolExecutor(CHANGE_SLOTS) as pool,
    ):
        waiting = [pool.submit(put, many, f"a{n}") for n in range(CHANGE_SLOTS)]
        until(lambda: writer.queue.change_slots.taken == CHANGE_SLOTS)
        refused = put(writer, "b")
        assert int(refused.headers["retry-after"]) >= 1
        assert str(CHANGE_SLOTS) in problem(refused, 429)["detail"]
        assert found(writer, "ferry") == set()  # Searches are answered during that time.
        slow_encoder.set()
        assert {done.result().status_code for done in waiting} == {201}
    assert put(writer, "b").status_code == 201


def test_changes_too_large_together_get_429(writer, slow_encoder):
    fit = 3
    large = {"title": "x", "text": "y", "other": "z" * 300_000}  # Read, and not encoded.
    writer.queue.change_slots = RequestSlots(CHANGE_SLOTS, fit * 310_000, "changes of articles")
    with ThreadPoolExecutor(fit) as pool:
        waiting = [pool.submit(put, writer, f"a{n}", large) for n in range(fit)]
        until(lambda: writer.queue.change_slots.held_bytes > fit * 300_000)
        refused = put(writer, "b", large)
        problem(refused, 429)
        assert "retry-after" in refused.headers
        slow_encoder.set()
        assert {done.result().status_code for done in waiting} == {201}
    assert writer.queue.change_slots.held_bytes == 0


def test_write_gets_503_while_another_process_writes(writer):
    """The server does not wait for the other process, and closes the index when idle."""
    hold = (
        "import sys; from nutgraf.index import IndexWriter\n"
        "with IndexWriter(sys.argv[1]): print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", hold, writer.queue.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with other:
        assert other.stdout.readline() == b"held\n"
        refused = put(writer, "a")
        assert int(refused.headers["retry-after"]) >= 1
        body = problem(refused, 503)
        streamed = writer.post(
            "/v1/articles", content=b"{}", headers={"content-type": "application/x-ndjson"}
        )
        assert problem(streamed, 503)["durable"] == 0
        for secret in (str(writer.queue.path), str(other.pid)):
            assert secret not in json.dumps(body)
        other.stdin.close()
    assert put(writer, "a").status_code == 201
    with pytest.raises(Exception, match="being written"):
        IndexWriter(writer.queue.path)
    until(lambda: writer.queue.idle)
    with IndexWriter(writer.queue.path) as other_writer:
        other_writer.put(Article("b", "Title", ("Otter.",)))
    until(lambda: found(writer, "otter") == {"b"})
    assert put(writer, "c").status_code == 201


def test_client_reads_its_own_writes(writer):
    for number in range(5):
        made = put(writer, "ferry", {"title": f"Version {number}", "text": "Ferries."})
        shown = writer.get("/v1/articles/ferry")
        assert shown.json()["title"] == f"Version {number}"
        assert shown.headers["etag"] == made.headers["etag"]
    writer.delete("/v1/articles/ferry")
    problem(writer.get("/v1/articles/ferry"), 404)


def test_full_disk_raises_full_error_without_path(tiny_index, monkeypatch):
    def full(*_):
        raise DiskFullError("there is no room to write /somewhere")

    article = Article("ferry", "T", ("Ferries.",))
    with WriteQueue(tiny_index) as queue:
        for name in ("__init__", "commit"):
            with monkeypatch.context() as patched:
                patched.setattr(
                    IndexWriter, name, full if name == "commit" else lambda *_, **__: full()
                )
                with pytest.raises(FullError) as raised:
                    queue.submit(Put(article)).result(10)
                assert "somewhere" not in str(raised.value)
                queue.release()
        assert queue.submit(Put(article)).result(10).snapshot >= 1


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [("PUT", "/v1/articles/a", "application/json"), ("POST", "/v1/articles", NDJSON)],
)
def test_stalled_body_gets_408_and_releases_its_slot(writer, monkeypatch, method, path, kind):
    monkeypatch.setattr(routes, "MAX_BODY_SECONDS", 0.2)
    monkeypatch.setattr(routes, "MAX_IDLE_SECONDS", 0.2)
    with socket.create_connection((writer.base_url.host, writer.base_url.port), 10) as opened:
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\n"
        opened.sendall(f"{head}content-length: 100\r\n\r\n".encode() + b'{"id": "a", ')
        answer = opened.recv(4_000)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert put(writer, "next").status_code == 201


def test_panic_is_reported_and_next_write_succeeds(tiny_index, monkeypatch):
    class Panic(BaseException):
        pass

    def panics(*_, **__):
        raise Panic

    article = Article("ferry", "T", ("Ferries.",))
    with WriteQueue(tiny_index) as queue:
        for name in ("__init__", "put", "commit"):
            with monkeypatch.context() as patched:
                patched.setattr(IndexWriter, name, panics)
                with pytest.raises(NotWrittenError):
                    queue.submit(Put(article)).result(10)
                queue.release()
        assert queue.submit(Put(article)).result(10).snapshot >= 1


def test_busy_server_lets_compaction_install_a_generation(tiny_index, monkeypatch):
    monkeypatch.setattr(queue_module, "MAX_TURN_SECONDS", 0.3)
    done = threading.Event()

    def write(queue, worker):
        number = 0
        while not done.is_set():
            article = Article(f"{worker}-{number}", "T", ("Busy.",))
            with contextlib.suppress(UnavailableError):  # Retry, as a client does.
                queue.submit(Put(article)).result(30)
                number += 1
        return number

    with WriteQueue(tiny_index) as queue, ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write, queue, worker) for worker in range(2)]
        until(lambda: queue.sequence > 4)
        compacted = compact_index(tiny_index)
        done.set()
        written = sum(each.result(30) for each in writing)
    assert written > 2
    with Searcher(tiny_index) as searcher:
        assert searcher.statistics().articles == written
        assert searcher.statistics().snapshot >= compacted.snapshot
    assert (tiny_index / "generation-2").exists()


def test_failed_commit_is_reported_and_next_commit_recovers(writer, fail_at, caplog):
    put(writer, "a")
    fail_at("catalog", BrokenIndexError("/srv/secret/place is damaged"))
    body = problem(put(writer, "b"), 500)
    assert "secret" not in json.dumps(body)
    assert "secret" in caplog.text
    assert put(writer, "c").status_code == 201
    assert put(writer, "b").status_code in (200, 201)
    with Searcher(writer.queue.path) as searcher:
        assert searcher.statistics().articles == 3


def test_missing_index_is_an_internal_error(writer, tmp_path, caplog):
    manifest = writer.queue.path / "manifest.json"
    manifest.rename(tmp_path / "aside")
    assert str(tmp_path) not in json.dumps(problem(put(writer, "a"), 500))
    (tmp_path / "aside").rename(manifest)
    assert put(writer, "a").status_code == 201


def test_close_commits_accepted_operations_and_refuses_more(tiny_index):
    queue = WriteQueue(tiny_index)
    waiting = [
        queue.submit_stream([Put(Article(f"a{n}", "Title", ("Text.",)))], 100) for n in range(20)
    ]
    queue.close()
    assert {future.result(0).applied[0].result for future in waiting} == {"created"}
    with pytest.raises(Exception, match="stopping"):
        queue.flush()
    with IndexWriter(tiny_index):
        pass


def test_release_closes_index_and_next_write_opens_it(tiny_index):
    with WriteQueue(tiny_index) as queue:
        for number in range(3):
            future = queue.submit(Put(Article(f"a{number}", "Title", ("Text.",))))
            queue.release()
            assert future.result(0).snapshot == number + 1
            with IndexWriter(tiny_index):
                pass


def test_mounted_app_can_write(tiny_index):
    """Starlette does not report the start and end of the server to a mounted app."""
    with Searcher(tiny_index) as searcher, WriteQueue(tiny_index) as queue:
        app = Starlette(routes=[Mount("/news", create_app(searcher, writing=queue))])
        with serving(app) as client:
            large = {"title": "x", "paragraphs": ["pelican " * 1_000] * 5}
            answer = client.put("/news/v1/articles/a", json=large)
            assert answer.status_code == 201, answer.text
            params = {"q": "pelican"}
            until(lambda: client.get("/news/v1/search", params=params).json()["hits"])
        queue.close()
    with Searcher(tiny_index) as searcher:
        assert searcher.article("a")


def test_repeated_failures_to_refresh_are_logged_once(tiny_index, monkeypatch, caplog):
    with Searcher(tiny_index) as searcher, TestClient(create_app(searcher)) as client:
        whole = searcher.refresh
        calls = []

        def fails():
            calls.append(1)
            raise BrokenIndexError("damaged")

        monkeypatch.setattr(searcher, "refresh", fails)
        until(lambda: len(calls) >= 3)
        monkeypatch.setattr(searcher, "refresh", whole)
        assert client.get("/healthz").status_code == 200
    assert caplog.text.count("cannot read newer commits") == 1


def test_openapi_describes_writes(client):
    described = client.get("/openapi.json").json()["paths"]
    changing = described["/v1/articles/{article}"]
    assert set(changing["put"]["responses"]) >= {
        "200", "201", "400", "403", "412", "413", "415", "422", "429", "500", "503",
    }  # fmt: skip
    assert set(changing["delete"]["responses"]) >= {"200", "404", "412"}
    names = {parameter["name"] for parameter in changing["put"]["parameters"]}
    assert names == {"article", "refresh", "If-Match", "If-None-Match"}
    schema = changing["put"]["requestBody"]["content"]["application/json"]["schema"]
    assert "paragraphs" in schema["properties"]
    assert "ETag" in changing["get"]["responses"]["200"]["headers"]
    assert "304" in changing["get"]["responses"]
    posting = described["/v1/articles"]["post"]
    assert "application/x-ndjson" in posting["requestBody"]["content"]
    assert "Retry-After" in posting["responses"]["429"]["headers"]


def test_queue_sets_its_sequence_before_it_answers(tiny_index):
    answered = []
    with WriteQueue(tiny_index) as queue:
        for number in range(5):
            written = queue.submit(Put(Article(f"a{number}", "Title", (f"Text {number}.",))))
            # The writing thread calls this before any waiting caller continues.
            written.add_done_callback(
                lambda done: answered.append((done.result().snapshot, queue.sequence))
            )
            written.result(10)
    assert answered == [(number, number) for number in range(1, 6)]
