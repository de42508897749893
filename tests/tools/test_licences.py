"""Nothing that a run needs is under the GPL, and docs/licences.md and the lock file are of what is installed."""

import re
import sys

import pytest

from tests.helpers.paths import ROOT
from tools.closure import EXTRAS, needed_here, runtime_closure
from tools.licences import is_gpl, licence_of


def test_nothing_that_a_run_needs_is_under_the_gpl():
    names = runtime_closure(EXTRAS)
    assert {"numpy", "opencv-python-headless", "llvmlite", "viser"} <= set(names)
    assert not [(name, licence_of(name)) for name in names if is_gpl(licence_of(name)) or not licence_of(name)]


@pytest.mark.parametrize("licence, expected", [
    ("GNU General Public License v3 (GPLv3)", True), ("GPL-3.0-only", True), ("MIT AND AGPL-3.0", True),
    ("LGPL-2.1 AND GPL-3.0", True), ("LGPL-2.1", False), ("GNU Lesser General Public License v3 (LGPLv3)", False),
    ("GPL-2.0 OR MIT", False), ("MIT", False)])
def test_what_is_the_gpl(licence, expected):
    assert is_gpl(licence) == expected


def test_the_outside_check_that_is_gpl_is_known_as_such():
    pytest.importorskip("evo")
    assert is_gpl(licence_of("evo")) and "evo" not in runtime_closure(EXTRAS)


@pytest.mark.parametrize("line, name", [("Foo_Bar[x]>=1", "foo-bar"), ("foo; extra == 'a'", None),
                                        (f"foo; python_version < '{sys.version_info.major}'", None)])
def test_requirements_are_those_of_this_machine(line, name):
    assert needed_here(line) == name


def test_the_lock_file_pins_what_constraints_pin_each_with_a_hash():
    constraints = dict(re.findall(r"^([^#=\s]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.M))
    pinned = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in constraints.items()}
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 30
    for line in lines:
        name, version = re.fullmatch(r"(\S+)==(\S+?)(?:\+cpu)? --hash=sha256:[0-9a-f]{64}", line).groups()
        assert pinned[re.sub(r"[-_.]+", "-", name).lower()] == version


def test_the_page_of_licences_names_the_whole_closure():
    page = (ROOT / "docs" / "licences.md").read_text()
    assert not [name for name in runtime_closure(EXTRAS) if f"| {name} |" not in page]
