#!/usr/bin/env python3
"""Write docs/licences.md: the licence of everything that a run needs, as the installed packages say it.

    python -m tools.licences [--check]

`--check` writes nothing and ends with exit code 1 where a package is under the GPL or does not say its licence.
"""

import argparse
import sys
from importlib import metadata

from tools.closure import EXTRAS, PROJECT, runtime_closure

PAGE = PROJECT.parent / "docs" / "licences.md"
COPYLEFT = ("GPL", "General Public License")
WEAKER = ("LGPL", "Lesser General Public License")
"""Of libraries that are linked and can be exchanged; that is fine."""
HEAD = """# Licences

What `make run` installs, with the extras viewer and train, as the packages themselves say it (`python -m
tools.licences`). monofuse is Apache-2.0. Nothing here is under the GPL: evo, which is, checks results in tests only.
The wheels of OpenCV and PyAV bring FFmpeg along, under the LGPL.

| package | version | licence |
|---|---|---|
"""


def main() -> int:
    """-> exit code"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    licences = {name: licence_of(name) for name in runtime_closure(EXTRAS)}
    wrong = {name: licence for name, licence in licences.items() if not licence or is_gpl(licence)}
    for name, licence in wrong.items():
        print(f"{name}: {licence or 'does not say its licence'}")
    if not arguments.check:
        PAGE.write_text(HEAD + "".join(f"| {name} | {metadata.version(name)} | {licence} |\n"
                                       for name, licence in licences.items()))
    return int(bool(wrong))


def licence_of(name: str) -> str:
    """Of an installed package, in its own words: the SPDX expression, the classifiers, or the first line of a text."""
    about = metadata.metadata(name)
    if about.get("License-Expression"):
        return about["License-Expression"]
    classifiers = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or []
                   if line.startswith("License ::")]
    return ", ".join(classifiers) or (about.get("License") or "").strip().partition("\n")[0]


def is_gpl(licence: str) -> bool:
    """Whether one of its parts is the GPL or AGPL; the LGPL is none of them. An `OR` leaves a choice."""
    return all(any(any(word in part for word in COPYLEFT) and not any(word in part for word in WEAKER)
                   for part in choice.split(" AND ")) for choice in licence.split(" OR "))


if __name__ == "__main__":
    sys.exit(main())
