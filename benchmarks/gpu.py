#!/usr/bin/env python3
"""Everything that a GPU has a part in, checked and timed in ten minutes: python -m benchmarks.gpu [RECORDING ...]

    python -m benchmarks.gpu ../shared/data/kitchen --minutes 10 --output docs/gpu.md

Every network by every runtime, new weights into engines, whole runs of `monofuse run` on a synthetic room and on each
RECORDING, and the tests marked gpu. The page is written anew after each part, so that what is measured is there when
the time is up; what was not reached is named in it. Networks have random weights but for the one that ships. Engines
are built in a cache of their own. Exit code 2 where there is no GPU, 1 where something is wrong.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from unittest import mock

from benchmarks.gpu_networks import HEADER, exported, learnt_rows, rows
from benchmarks.runs import ROOT, machine, run_slam
from calib.base.command_line import exit_code, whole_number
from calib.base.errors import MissingPackageError, MonofuseError, UnusableRuntimeError
from calib.files.atomic_file import write_file
from depth.networks.registry import NETWORKS
from depth.runtimes.default_network import NAME, default_weights
from depth.runtimes.nvidia_gpu import NvidiaGpu, find_gpu
from depth.runtimes.tensorrt.package import capability, load_tensorrt, why

FIRST = ("laina_resnet_upproj", "hao", "eigen", "cnn_residual_zeros", "zhang_resnet18")
"""Networks that stand for the others, should time be short."""
PACKAGES = ("tensorrt", "tensorrt-rtx-cu13", "torch", "onnxruntime", "onnxruntime-gpu", "openvino", "numpy")
SYNTHETIC = "synthetic:frames=200"
RUNS = (("tensorrt", "off"), ("tensorrt", "end"), ("onnx", "off"))
"""Runtimes of whole runs, and whether the network learns after the last frame."""
NETWORKS_UNTIL, RUNS_UNTIL = 0.6, 0.85
"""Shares of the time by which these parts end."""


class Page:
    """A page of Markdown, written anew with every part; `is_wrong`: whether it says so of something."""

    def __init__(self, path: Path) -> None:
        self.path, self.lines, self.is_wrong = path, [], False

    def add(self, *lines: str) -> None:
        """One more part."""
        self.lines += [*lines, ""]
        print("\n".join(lines), flush=True)
        write_file(self.path, "\n".join(self.lines).encode())

    def table(self, title: str, header: Sequence[str], found: Iterable[Sequence[str]]) -> None:
        """A part with a table, which is printed row by row."""
        lines = [f"## {title}", "", _row(header), _row(["---"] * len(header))]
        print("\n".join(lines), flush=True)
        for row in found:
            print(_row(row), flush=True)
            lines.append(_row(row))
            self.is_wrong |= row[-1].startswith(("WRONG", "failed"))
        self.lines += [*lines, ""]
        write_file(self.path, "\n".join(self.lines).encode())


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", metavar="RECORDING", help="what `monofuse run` takes")
    parser.add_argument("--minutes", type=float, default=10, metavar="M", help="for everything (default: 10)")
    parser.add_argument("--max-frames", type=whole_number(1), default=300, metavar="N", help="of each (default: 300)")
    parser.add_argument("--network", action="append", metavar="NAME|FILE",
                        help="may be repeated (default: the one that ships, and all that `depth list` shows)")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "gpu.md", metavar="FILE")
    arguments = parser.parse_args(argv)
    gpu = find_gpu()
    if gpu is None:
        raise UnusableRuntimeError("this measures on an NVIDIA GPU, and there is none here, or no driver for it")
    end, page = time.monotonic() + 60 * arguments.minutes, Page(arguments.output)
    with tempfile.TemporaryDirectory() as scratch, mock.patch.dict(os.environ, new_cache(scratch)):
        introduce(page, gpu, arguments.minutes)
        budget = 60 * arguments.minutes
        networks(page, arguments.network or all_networks(), Path(scratch), end - (1 - NETWORKS_UNTIL) * budget)
        page.table("New weights into an engine", ("precision", "first, s", "again, s", "median ms", "difference %",
                                                  "verdict"), learnt_rows(default_weights()))
        runs(page, [SYNTHETIC, *arguments.recordings], arguments.max_frames, end - (1 - RUNS_UNTIL) * budget)
        gpu_tests(page, end)
    if page.is_wrong:
        raise MonofuseError(f"something is wrong on this GPU: {page.path} says what")


def new_cache(folder: str) -> dict[str, str]:
    """Variables of the environment for an empty cache of engines, and the usual one of what numba has compiled."""
    usual = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return {"XDG_CACHE_HOME": f"{folder}/cache", "NUMBA_CACHE_DIR": usual}


def introduce(page: Page, gpu: NvidiaGpu, minutes: float) -> None:
    """What was measured, on what."""
    try:
        package = why(load_tensorrt(gpu), gpu)
    except MissingPackageError as error:
        package = str(error)
    page.add("# On a GPU", "",
             f"Written by `python -m benchmarks.gpu --minutes {minutes:g}` on {date.today()}; nothing here is typed by "
             f"hand.", "", f"- {gpu.name}, compute capability {capability(gpu)}, driver for CUDA "
             f"{gpu.cuda_version[0]}.{gpu.cuda_version[1]}", f"- {package}", f"- {machine()}",
             f"- {', '.join(f'{name} {found}' for name in PACKAGES if (found := _version(name)))}", "",
             "Only the depth network runs on the GPU: SLAM itself is CPU code, without CUDA kernels.")


def all_networks() -> list[str]:
    """The one that ships, then those that stand for the others."""
    rest = [name for name in NETWORKS if name not in FIRST and name != NAME]
    return [str(default_weights()), *FIRST, *rest]


def networks(page: Page, names: Sequence[str], scratch: Path, end: float) -> None:
    """The table of networks, and which of them it lacks."""
    left = list(names)

    def found():
        for network in exported(names, scratch):
            if time.monotonic() > end:
                return
            left.pop(0)
            yield from rows(network, lambda: time.monotonic() < end)
    page.table("Networks", HEADER, found())
    page.add("Opened: from the file to the first prediction, building and checking included; again: the second time. "
             "Milliseconds of one 640x480 image, preprocessing included. Differences of depth are to ONNX Runtime in "
             "float32, 99th percentile (`depth/runtimes/self_check.py`); right: within the bounds there.")
    if left:
        page.add(f"Not reached in time: {', '.join(Path(name).stem for name in left)}.")


def runs(page: Page, sources: Sequence[str], max_frames: int, end: float) -> None:
    """The table of whole runs."""
    def found():
        for source in sources:
            for runtime, adapt in RUNS:
                if time.monotonic() > end:
                    yield [Path(source).name, runtime, adapt, *[""] * 4, "not reached in time"]
                    continue
                yield [Path(source).name, runtime, adapt, *_run(source, runtime, adapt, max_frames)]
    page.table("Whole runs", ("source", "runtime", "learning", "frames/s", "network, median ms", "keyframes",
                              "learnt in rounds", "verdict"), found())


def _run(source, runtime, adapt, max_frames):
    try:
        report = run_slam(source, "--depth", NAME, "--runtime", runtime, "--adapt", adapt, "--max-frames",
                          str(max_frames))
    except SystemExit as error:
        return [*[""] * 4, f"failed: {' '.join(str(error).split())[-300:]}"]
    tracked = f"{report['tracked']} of {report['frames']} frames tracked"
    network = report["stages"].get("network", {}).get("median_ms", "")
    return [f"{report['fps']:.1f}", network, report["keyframes"], report.get("adaptation_rounds", ""), tracked]


def gpu_tests(page: Page, end: float) -> None:
    """What the tests marked gpu say."""
    left_s = end - time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "tests/depth/runtimes/test_gpu.py"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=max(1.0, left_s))
        says = (done.stdout.strip().splitlines() or ["nothing"])[-1]
        page.is_wrong |= done.returncode not in (0, 5)  # 5: none was collected
    except subprocess.TimeoutExpired:
        says = f"not done after the {left_s:.0f} s that were left"
    page.add("## Tests", "", f"`python -m pytest -m gpu`: {says}")


def _row(cells):
    return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(exit_code("gpu", main))
