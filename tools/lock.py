#!/usr/bin/env python3
"""Write a lock file: every package of a run at its version of constraints.txt, with the hash that the index states.

    python -m tools.lock [--output requirements.lock]

It is for the platform and Python that this runs on, as its first line says. `pip install --require-hashes -r FILE` then
takes nothing else. What lies on this machine (PIP_FIND_LINKS, pip.conf) is left aside, but for torch, whose CPU build
is in no index of PyPI's.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from tools.closure import EXTRAS, runtime_closure

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """-> exit code"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "requirements.lock")
    arguments = parser.parse_args()
    versions = {name: metadata.version(name) for name in runtime_closure(EXTRAS)}
    own = {name for name, version in versions.items() if "+" in version}  # a build that PyPI has not got
    items = resolved([f"{name}=={versions[name]}" for name in versions if name not in own], alone=True)
    if own:
        items += resolved([f"{name}=={versions[name]}" for name in own], alone=False)
    arguments.output.write_text(lock_text(items))
    print(f"{arguments.output}: {len(items)} packages")
    return 0


def resolved(requirements: list[str], alone: bool) -> list[dict[str, Any]]:
    """What pip would install for exactly these. `alone`: from the index only, nothing that lies here."""
    environment = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet",
                   "--only-binary", ":all:", "--report", str(report), *requirements]
        subprocess.run(command, check=True, env=environment | {"PIP_CONFIG_FILE": os.devnull} if alone else None)
        return json.loads(report.read_text())["install"]


def lock_text(items: list[dict[str, Any]]) -> str:
    """pip's report of what it would install -> content of the lock file."""
    major, minor, _ = platform.python_version_tuple()
    lines = [f"# For {platform.system()} {platform.machine()}, CPython {major}.{minor}. Made by python -m tools.lock",
             "# pip install --require-hashes -r requirements.lock && pip install --no-deps ."]
    for item in sorted(items, key=lambda item: item["metadata"]["name"].lower()):
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{item['metadata']['name']}=={item['metadata']['version']} --hash=sha256:{digest}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
