"""`nutgraf serve --workers 2`: promises of writes, killed processes, the end."""

import json
import os
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.api.conftest import make_tiny_index, served
from tests.api.http.test_writing import FERRY, NDJSON, found, put
from tests.waiting import until


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    index = make_tiny_index(tmp_path_factory.mktemp("workers"))
    with served(index, "--writable", "--workers", "2") as process:
        yield process
        workers = workers_of(process)
        assert len(workers) == 2
        process.terminate()
        assert process.wait(20) == 0
        until(lambda: not any(map(is_running, workers)))
    assert b"Traceback" not in b"".join(process.errors)


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.address, timeout=60) as opened:
        yield opened


def workers_of(process):
    listed = subprocess.run(["ps", "-eo", "ppid=,pid=,args="], capture_output=True, check=True)
    found = re.findall(rf"^ *{process.pid} +(\d+) .*answering", listed.stdout.decode(), re.M)
    return list(map(int, found))


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_answered_write_is_seen_by_every_later_request(client):
    def write_and_read(thread):
        for number in range(3):
            word = f"word{thread}x{number}"
            tag = put(client, f"seen{thread}", {"title": word, "text": "A note."}).headers["etag"]
            assert found(client, word) == {f"seen{thread}"}
            shown = client.get(f"/v1/articles/seen{thread}")
            assert (shown.json()["title"], shown.headers["etag"]) == (word, tag)
        lines = json.dumps({"id": f"line{thread}", "title": f"line{thread}", "text": "A line."})
        client.post("/v1/articles", content=lines, headers={"content-type": NDJSON})
        assert found(client, f"line{thread}") == {f"line{thread}"}
        client.delete(f"/v1/articles/seen{thread}")
        assert found(client, word) == set()
        assert client.get(f"/v1/articles/seen{thread}").status_code == 404

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_and_read, range(4)))


def test_of_several_changes_with_one_tag_only_the_first_is_made(client):
    tag = put(client, "contended").headers["etag"]

    def change(number):
        body = {**FERRY, "title": f"Change {number}"}
        return put(client, "contended", body, headers={"If-Match": tag}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(change, range(8))) == [200] + [412] * 7


def test_killed_process_loses_no_request(client, server):
    put(client, "there")
    killed = workers_of(server)[0]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.get, "/v1/search", params={"q": "ferry"}) for _ in range(40)]
        os.kill(killed, signal.SIGKILL)
        assert {each.result().status_code for each in asked} == {200}
    until(lambda: client.get("/healthz").json()["workers"] == 2)
    assert killed not in workers_of(server)
    assert b"was ended by signal 9" in b"".join(server.errors)


def test_errors_of_the_start_have_their_exit_codes(run, tmp_path, server):
    done = run("serve", "-i", tmp_path, "--workers", "2", "--port", "0")
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"index" in done.stderr
    port = server.address.rpartition(":")[2]
    done = run("serve", "-i", make_tiny_index(tmp_path), "--workers", "2", "--port", port)
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"cannot listen on 127.0.0.1" in done.stderr
