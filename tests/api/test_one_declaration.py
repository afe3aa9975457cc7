"""A search option is declared once, as a field of SearchRequest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nutgraf
import nutgraf.api
import nutgraf.index
import nutgraf.search

BEFORE = "    explain: Annotated["
DECLARATION = """    sharpness: Annotated[
        float, Option("Prefer hits that are to the point.", ge=0, le=3, metavar="SHARP")
    ] = 1.0
"""

ASK = """
import json, sys
from starlette.testclient import TestClient
import nutgraf.search
from nutgraf.api.http.app import create_app
from nutgraf.search import Searcher, SearchRequest

assert nutgraf.search.__file__.startswith(sys.argv[2])
with Searcher(sys.argv[1]) as searcher, TestClient(create_app(searcher)) as client:
    schema = client.get("/openapi.json").json()
    print(json.dumps({
        "python": SearchRequest("x", sharpness=2).sharpness,
        "query": client.get("/v1/search", params={"q": "ferry", "sharpness": 2}).status_code,
        "too much": client.get("/v1/search", params={"q": "ferry", "sharpness": 4}).json(),
        "body": client.post("/v1/search", json={"q": "ferry", "sharpness": 2}).status_code,
        "body too much": client.post("/v1/search", json={"q": "x", "sharpness": 4}).json(),
        "unknown": client.post("/v1/search", json={"q": "x", "sharpnes": 1}).json(),
        "parameters": schema["paths"]["/v1/search"]["get"]["parameters"],
        "properties": schema["components"]["schemas"]["SearchRequest"]["properties"],
    }))
"""

COMMAND = "import sys; from nutgraf.api.cli.main import run; sys.exit(run(sys.argv[1:]))"


def test_field_of_request_is_an_option_on_every_interface(
    tmp_path: Path, seeds_index: Path
) -> None:
    packages = tmp_path / "nutgraf"
    packages.mkdir()
    for package in (nutgraf.api, nutgraf.search):
        folder = Path(package.__file__).parent
        shutil.copytree(folder, packages / package.__name__.rpartition(".")[2])
    (packages / "index").symlink_to(Path(nutgraf.index.__file__).parent.resolve())
    if file := getattr(nutgraf, "__file__", None):
        shutil.copy(file, packages)
    declared = packages / "search" / "request" / "search_request.py"
    source = declared.read_text("utf-8")
    assert source.count(BEFORE) == 1
    declared.write_text(source.replace(BEFORE, DECLARATION + BEFORE), "utf-8")

    def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    done = run(ASK, seeds_index, tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["python"] == 2
    assert found["query"] == found["body"] == 200
    for refused in (found["too much"], found["body too much"]):
        assert refused["errors"] == [
            {"field": "sharpness", "reason": "must be between 0 and 3, got 4.0"}
        ]
    assert found["unknown"]["errors"][0]["field"] == "sharpnes"
    (parameter,) = (each for each in found["parameters"] if each["name"] == "sharpness")
    for described in (parameter["schema"], found["properties"]["sharpness"]):
        assert described["description"] == "Prefer hits that are to the point."
        assert (described["minimum"], described["maximum"]) == (0, 3)
        assert described["default"] == 1.0
    shown = run(COMMAND, "search", "--help").stdout
    assert "--sharpness SHARP" in shown
    assert "Prefer hits that are to the point (0 to 3)." in " ".join(shown.split())
    searched = ("search", "ferry", "-i", seeds_index, "--mode", "keyword", "--sharpness")
    assert run(COMMAND, *searched, "2").returncode == 0
    refused = run(COMMAND, *searched, "4")
    assert refused.returncode == 2
    assert "sharpness: must be between 0 and 3, got 4.0" in refused.stderr
