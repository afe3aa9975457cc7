"""The wheel contains the complete package and works without the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("api", "index", "search")

ARTICLES = (
    {"id": "ferry", "title": "Ferry strike ends", "paragraphs": ["The crews went back to work."]},
    {"id": "bread", "title": "Bread dearer", "text": "Bakers raised the price of bread again."},
)


def run(*command: object, cwd: Path) -> str:
    """Run a command without PYTHONPATH and return its output; it must succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files that git tracks or would add.

    A build leaves files in its folder, so it must not run in the checkout.
    """
    copy = tmp_path_factory.mktemp("wheel") / "tree"
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in run(*listed, cwd=ROOT).split("\0"):
        source = ROOT / name
        if name.startswith(("tests/", "seeds/")) or not source.is_file():
            continue
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path) -> Path:
    # A folder of tests must not get into the wheel.
    (tree / "tests").mkdir()
    (tree / "tests" / "test_nothing.py").touch()
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", "dist", cwd=tree)
    (built,) = (tree / "dist").iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment with the wheel and its dependencies only."""
    folder = tmp_path_factory.mktemp("wheel") / "venv"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    # Install before linking the dependencies: pip would see the checkout as an older version.
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=folder)
    site = run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder
    ).strip()
    # Python searches a folder named in a .pth file, but ignores the .pth files in that folder,
    # such as the one of the editable install.
    lines = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (Path(site) / "dependencies.pth").write_text("\n".join(lines) + "\n")
    return folder / "bin"


def test_wheel_contains_only_the_package(wheel: Path, tree: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    info = "-".join(wheel.name.split("-")[:2]) + ".dist-info"
    assert {name.partition("/")[0] for name in names} == {"nutgraf", info}
    inside = {name for name in names if name.startswith("nutgraf/")}
    modules = {
        f"nutgraf/{file.relative_to(tree)}"
        for folder in FOLDERS
        for file in (tree / folder).rglob("*.py")
    }
    modules.add("nutgraf/__init__.py")
    assert {name for name in inside if name.endswith(".py")} == modules
    assert "nutgraf/py.typed" in inside
    assert {f"nutgraf/{folder}/py.typed" for folder in FOLDERS} <= inside
    assert not [name for name in names if "test" in name or name.endswith((".pyc", ".ipynb"))]
    assert f"{info}/licenses/LICENSE" in names


def test_wheel_contains_all_data_files(wheel: Path, tree: Path) -> None:
    """Data files are pages, scripts and word lists, but not the README files."""
    names = set(zipfile.ZipFile(wheel).namelist())
    beside = {
        f"nutgraf/{file.relative_to(tree)}"
        for folder in FOLDERS
        for file in (tree / folder).rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc", ".md")
    }
    assert beside - names == set()


def test_wheel_has_the_right_metadata(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
    text = archive.read(metadata).decode()
    assert "\nName: nutgraf\n" in text
    assert "\nLicense-Expression: Apache-2.0\n" in text
    assert "\nRequires-Dist: tantivy" in text
    (scripts,) = (name for name in archive.namelist() if name.endswith("/entry_points.txt"))
    assert "nutgraf = nutgraf.api.cli.main:main" in archive.read(scripts).decode()


def test_modules_are_imported_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    script = (
        "import nutgraf.api.http.app, nutgraf.index.writer, nutgraf.search.searcher, sys\n"
        "for name, module in list(sys.modules.items()):\n"
        "    if name.startswith('nutgraf.'): print(module.__file__)\n"
    )
    files = run(installed / "python", "-c", script, cwd=tmp_path).split()
    assert len(files) > 20
    assert [file for file in files if not Path(file).is_relative_to(installed.parent)] == []


def test_installed_command_indexes_and_answers(
    installed: Path, tmp_path: Path, encoder_folder: Path
) -> None:
    articles = "".join(f"{json.dumps(article)}\n" for article in ARTICLES)
    (tmp_path / "articles.jsonl").write_text(articles)
    nutgraf = installed / "nutgraf"
    assert nutgraf.read_text().startswith(f"#!{installed}/python")
    printed = run(nutgraf, "index", "articles.jsonl", "--model", encoder_folder, cwd=tmp_path)
    assert "2 new" in printed
    answer = json.loads(run(nutgraf, "search", "what does bread cost", "--json", cwd=tmp_path))
    assert answer["hits"][0]["paragraph"]["id"] == "bread#0"
    assert answer["total"] == {"value": 2, "relation": "eq"}
