"""What the benchmarks share: whole runs as processes of their own, and a line about the machine."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from depth.runtimes.default_network import NAME as OUR_NETWORK

ROOT = Path(__file__).resolve().parents[1]
CORES = 2
OPTIONS = ("--depth", OUR_NETWORK)
"""Of run_slam.py: colour images alone, the network that ships, defaults otherwise."""


def run_slam(source: str | Path, *options: str, keep: str | Path | None = None) -> dict[str, Any]:
    """Run run_slam.py on two cores -> its report.json. `keep`: folder that the results stay in."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(keep or scratch)
        on_two_cores([sys.executable, str(ROOT / "run_slam.py"), str(source), "--output", str(output), *options])
        return json.loads((output / "report.json").read_text())


def on_two_cores(command: Sequence[str]) -> None:
    """Run a command to its end, or exit with what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=_bind_to_two_cores)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _bind_to_two_cores():
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def machine() -> str:
    """CPU model, cores in use, Python."""
    model = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {CORES} cores used, Python {platform.python_version()}"


def table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table, each row as soon as it is there."""
    for row in chain((header, ["---"] * len(header)), rows):
        print("| " + " | ".join(map(str, row)) + " |", flush=True)
