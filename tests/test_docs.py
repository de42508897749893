"""What the pages name is there: files, modules, programs, and what links point to."""

import re
from importlib.util import find_spec

import pytest

from monofuse.__main__ import COMMANDS
from tests.helpers.paths import ROOT

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += [*sorted((ROOT / "docs").glob("*.md")), ROOT / "examples" / "README.md"]
ROOMS = ("benchmarks", "calib", "depth", "examples", "integrations", "monofuse", "ros2", "sequences", "slam", "tests")
IN_ROOM = rf"(?:{'|'.join(ROOMS)})"
FILES = {path.name for room in ROOMS for path in (ROOT / room).rglob("*.py")}


def missing(page):
    """What a page names and is not there."""
    text = re.sub(r"^```\n.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)  # layouts of recordings
    for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
        if not (page.parent / link).exists():
            yield f"link {link}"
    for path in re.findall(rf"(?<![\w/.])({IN_ROOM}/[\w/-]+(?:\.\w+)?)", text):
        if "NAME" not in path and not (ROOT / path).exists():
            yield f"file {path}"
    for name in re.findall(r"`(\w+\.py)`", text):
        if name not in {*FILES, "run_slam.py"}:
            yield f"file {name}"
    for module in re.findall(rf"(?:python|torchrun .*) -m ({IN_ROOM}(?:\.\w+)?)\b", text):
        if module != "benchmarks.NAME" and find_spec(module) is None:
            yield f"module {module}"
    for command in re.findall(r"(?:`| {4}|\| )monofuse (\w+)\b(?![.:/])", text):
        if command not in COMMANDS:
            yield f"program monofuse {command}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page):
    assert list(missing(page)) == []


def test_a_page_with_mistakes_is_noticed(tmp_path):
    (tmp_path / "page.md").write_text("[a](no.md) `slam/no.py` `slam/system.py` slam/tracking/ `nobody.py`\n"
                                      "    python -m slam.no\n    monofuse fly\n`monofuse run`\n")
    assert list(missing(tmp_path / "page.md")) == ["link no.md", "file slam/no.py", "file nobody.py",
                                                   "module slam.no", "program monofuse fly"]
