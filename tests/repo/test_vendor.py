"""The libraries of the page and of its tests: what was made from npm, unchanged, each with its licence."""

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "src/rabbit_chatter/server/static/vendor"
TESTS = ROOT / "tests/browser/vendor"
MAKER = ROOT / "deployment/vendor"
ON_THE_PAGE = {"preact", "htm", "uplot", "d3-force"}


@pytest.mark.parametrize("folder", [PAGE, TESTS], ids=["page", "tests"])
def test_files_are_as_they_were_made(folder: Path) -> None:
    """Each file has the checksum that `deployment/vendor/make` noted, and none was added by hand."""
    lines = (folder / "SHA256SUMS").read_text("utf-8").splitlines()
    noted = {name: digest for digest, name in (line.split() for line in lines)}
    there = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.name != "SHA256SUMS"
    }
    assert there == noted


def test_versions_are_locked() -> None:
    """Every library has one version, in the lock file with its checksum; and its licence is beside it."""
    wanted = json.loads((MAKER / "package.json").read_text("utf-8"))["devDependencies"]
    locked = json.loads((MAKER / "package-lock.json").read_text("utf-8"))["packages"]
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all("resolved" not in package for package in locked.values()), "names a registry's host"
    assert all("integrity" in package for path, package in locked.items() if path)
    for name in ON_THE_PAGE:
        assert (PAGE / f"LICENSE.{name}").exists()


def imported(module: Path, found: set[Path]) -> set[Path]:
    """Return a module and all that it imports at once, and so on."""
    if module not in found:
        found.add(module)
        for path in re.findall(r'^import [^"]*from "(\.[^"]+)"', module.read_text("utf-8"), re.MULTILINE):
            imported((module.parent / path).resolve(), found)
    return found


def test_what_the_first_view_needs_is_fetched_at_once() -> None:
    """The page names every module of its first view, so that none waits until another one asks for it."""
    page = PAGE.parent
    named = re.findall(
        r'rel="modulepreload" href="/static/([^"]+)"', (page / "index.html").read_text("utf-8")
    )
    needed = imported(page / "app.js", set()) - {page / "app.js"}
    assert sorted(named) == sorted(str(module.relative_to(page)) for module in needed)


def test_our_own_modules_ask_nobody_else() -> None:
    """No file of the page names another server: what it loads, we serve."""
    for file in PAGE.parent.rglob("*"):
        if file.suffix in {".js", ".css", ".html"} and file.parent != PAGE:
            text = file.read_text("utf-8")
            assert 'from "http' not in text
            assert "url(" not in text
            assert "innerHTML" not in text
