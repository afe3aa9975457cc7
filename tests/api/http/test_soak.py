"""Readers and a writer on one server at the same time.

The test ends after WRITES writes and NUTGRAF_SOAK_SECONDS seconds.

Each of the MARKERS articles has one version word in all of its paragraphs, and the
version determines the number of paragraphs. So a reader can check that an article is
complete: it has all paragraphs of one version, or none.
"""

import json
import os
import random
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import httpx

from tests.api.conftest import served
from tests.waiting import until

SECONDS = float(os.environ.get("NUTGRAF_SOAK_SECONDS", "0"))
WRITES = 24
"""The least number of writes: enough for each kind of request."""

READERS = 4
MARKERS = 6
VERSION = re.compile(r"version(\d+)")


def paragraphs_of(version):
    return 3 + version % 5


def marker(number, version):
    text = f"marker{number} version{version} paragraph"
    paragraphs = [f"{text} {at}." for at in range(paragraphs_of(version))]
    return {"title": f"Title version{version}", "paragraphs": paragraphs}


def whole(texts):
    """Return the version of all texts. Assert that no text is missing."""
    versions = {int(VERSION.search(text)[1]) for text in texts}
    assert len(versions) == 1, texts
    version = versions.pop()
    assert len(texts) == paragraphs_of(version), texts
    return version


class Soak:
    def __init__(self, address):
        self.client = httpx.Client(base_url=address, timeout=30)
        self.end = time.monotonic() + SECONDS
        self.failed = threading.Event()
        self.versions = {}  # number of a marker: its acknowledged version
        self.visible = Counter()  # number of a marker: the oldest version a search may return
        self.done = Counter()
        self.writes = 0

    def until_the_end(self, step):
        chooser = random.Random(step.__name__)
        try:
            while not self.failed.is_set() and (
                time.monotonic() < self.end or self.writes < WRITES
            ):
                step(chooser)
        except BaseException:
            self.failed.set()
            raise

    def ask(self, method, url, *statuses, **options):
        answer = self.client.request(method, url, **options)
        assert answer.status_code in statuses, (method, url, answer.status_code, answer.text)
        self.done[f"{method} {answer.status_code}"] += 1
        return answer

    def write(self, chooser, versions=count(1)):  # noqa: B008 - one count for all steps
        self.writes += 1
        number = chooser.randrange(MARKERS)
        refresh = {"refresh": chooser.random() < 0.3}
        kind = chooser.choice(["put", "put", "stream", "delete"])
        if kind == "delete" and number in self.versions:
            self.ask("DELETE", f"/v1/articles/m{number}", 200, params=refresh)
            del self.versions[number]
            return
        numbers = range(MARKERS) if kind == "stream" else [number]
        written = {each: next(versions) for each in numbers}
        if kind == "stream":
            lines = [{"id": f"m{n}", **marker(n, version)} for n, version in written.items()]
            lines += [
                {"id": f"filler{chooser.random()}", "title": "Filler", "text": f"Filler {at}."}
                for at in range(50)
            ]
            answered = self.ask(
                "POST", "/v1/articles", 200, params=refresh,
                headers={"content-type": "application/x-ndjson"},
                content="\n".join(map(json.dumps, lines)).encode(),
            )  # fmt: skip
            results = [json.loads(line)["result"] for line in answered.text.splitlines()]
            assert len(results) == len(lines)
            assert set(results) <= {"created", "updated"}
        else:
            there = number in self.versions
            self.ask(
                "PUT", f"/v1/articles/m{number}", 200 if there else 201, params=refresh,
                headers={"If-Match" if there else "If-None-Match": "*"},
                json=marker(number, written[number]),
            )  # fmt: skip
        self.versions.update(written)
        if refresh["refresh"]:
            self.visible.update({n: version - self.visible[n] for n, version in written.items()})

    def read(self, chooser):
        number = chooser.randrange(MARKERS)
        at_least = self.visible[number]
        how = chooser.choice([self.show, self.search, self.filter, self.page])
        version = how(number)
        assert version is None or version >= at_least, (how.__name__, number, version, at_least)

    def show(self, number):
        answer = self.ask("GET", f"/v1/articles/m{number}", 200, 404)
        if answer.status_code == 404:
            return None
        shown = answer.json()
        version = whole([paragraph["text"] for paragraph in shown["paragraphs"]])
        assert shown["title"] == f"Title version{version}"
        assert answer.headers["etag"]
        return version

    def search(self, number):
        return self.found({"q": f"+marker{number}", "limit": 20})

    def filter(self, number):
        return self.found({"q": "paragraph", "article": f"m{number}", "limit": 20})

    def page(self, number):
        """Read pages of 2 hits. Pages differ in their snapshot if a commit falls between."""
        hits, snapshots = [], set()
        for offset in range(0, 8, 2):
            answer = self.searched({"q": f"+marker{number}", "limit": 2, "offset": offset})
            snapshots.add(answer["snapshot"])
            hits += answer["hits"]
        return self.version_of(hits) if len(snapshots) == 1 else None

    def found(self, parameters):
        answer = self.searched(parameters)
        assert answer["total"] == {"value": len(answer["hits"]), "relation": "eq"}
        return self.version_of(answer["hits"])

    def searched(self, parameters):
        return self.ask("GET", "/v1/search", 200, params=parameters).json()

    def version_of(self, hits):
        if not hits:
            return None
        version = whole([hit["snippet"]["text"] for hit in hits])
        assert {hit["article"]["title"] for hit in hits} == {f"Title version{version}"}
        assert len({hit["paragraph"]["id"] for hit in hits}) == len(hits)
        return version


def test_readers_see_complete_articles_during_writes(tiny_index):
    with served(tiny_index, "--writable") as server, ThreadPoolExecutor(1 + READERS) as pool:
        soak = Soak(server.address)
        with soak.client:
            running = [pool.submit(soak.until_the_end, soak.write)]
            running += [pool.submit(soak.until_the_end, soak.read) for _ in range(READERS)]
            for each in running:
                each.result()
            for number in range(MARKERS):
                assert soak.show(number) == soak.versions.get(number)
                until(lambda: soak.search(number) == soak.versions.get(number))  # noqa: B023
        assert soak.done["GET 200"]
        assert soak.done["PUT 200"]
        assert soak.done["POST 200"]
        assert soak.done["DELETE 200"]
        server.terminate()
        assert server.wait(20) == 0
    assert b"Traceback" not in b"".join(server.errors)
