#!/usr/bin/env python3
"""What `monofuse batch` gains and survives: python -m benchmarks.batch speedup|many [OPTION ...]

speedup   two recordings one after the other, then two at a time: wall time of the batch, and of each run within. The
          pair is measured --pairs times, so that what other work on the machine does can be seen.
many      --count short synthetic recordings in one batch; a worker is killed when a tenth is done, the whole batch when
          half is, and it is started again: all have to be complete, none may have been made twice.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.runs import ROOT, machine, table
from calib.base.command_line import exit_code, whole_number
from calib.base.errors import MonofuseError

POLL_S = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speedup", "many"))
    parser.add_argument("--count", type=whole_number(4), default=200)
    parser.add_argument("--frames", type=whole_number(6), default=60)
    parser.add_argument("--pairs", type=whole_number(1), default=3)
    parser.add_argument("--workers", type=whole_number(1), default=2)
    arguments, options = parser.parse_known_args()
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.what == "speedup":
            speedup(Path(scratch), arguments.frames, arguments.pairs, options)
        else:
            many(Path(scratch), arguments, options)


def speedup(scratch: Path, frames: int, pairs: int, options: list[str]) -> None:
    """Two recordings, by one worker and by two."""
    sources = [f"synthetic:seed={seed},frames={frames}" for seed in (1, 2)]
    rows = []
    for pair in range(pairs):
        wall_s = {}
        for workers in (1, 2):
            folder, start_s = scratch / f"{pair}-{workers}", time.perf_counter()
            subprocess.run(batch(sources, folder, workers, options), check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
            wall_s[workers] = time.perf_counter() - start_s
            runs_s = [json.loads(path.read_text())["total_s"] for path in sorted(folder.glob("*/report.json"))]
            rows.append([pair + 1, workers, f"{wall_s[workers]:.1f}", " and ".join(map(str, runs_s)),
                         f"{wall_s[1] / wall_s[workers]:.2f}"])
    table(["pair", "at a time", "wall s, Ray's start in it", "of each run s", "times as fast"], rows)


def many(scratch: Path, arguments: argparse.Namespace, options: list[str]) -> None:
    """A batch that loses a worker, and then its driver."""
    sources = [f"synthetic:seed={seed},frames={arguments.frames},size=160x120" for seed in range(arguments.count)]
    command = batch(sources, scratch, arguments.workers, options)
    start_s = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _wait_for(process, scratch, arguments.count // 10)
    killed = kill_a_worker(process.pid)
    _wait_for(process, scratch, arguments.count // 2)
    process.send_signal(signal.SIGINT)
    process.wait()
    whole = {path.parent.name: path.stat().st_mtime_ns for path in scratch.glob("*/report.json")}
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    after = {path.parent.name: path.stat().st_mtime_ns for path in scratch.glob("*/report.json")}
    twice = [name for name, time_ns in whole.items() if after.get(name) != time_ns]
    left = [path.name for path in scratch.glob(".*.part")]
    table(["recordings", "complete", "made twice", "left half-done", "killed workers", "wall s"],
          [[arguments.count, len(after), len(twice), len(left), killed, f"{time.perf_counter() - start_s:.0f}"]])
    if len(after) != arguments.count or twice or left:
        raise MonofuseError(f"not as it should be: {len(after)} complete, {twice[:3]} twice, {left[:3]} left")


def batch(sources: list[str], output: Path, workers: int, options: list[str]) -> list[str]:
    """The command."""
    return [sys.executable, "-m", "monofuse", "batch", *sources, "--output", str(output), "--workers", str(workers),
            *options]


def _wait_for(process, folder, count):
    while len(list(folder.glob("*/report.json"))) < count:
        if process.poll() is not None:
            raise MonofuseError(f"the batch ended with {process.returncode} before {count} were complete")
        time.sleep(POLL_S)


def kill_a_worker(driver: int) -> int:
    """SIGKILL one of Ray's processes that works for the batch with this process id -> how many were killed."""
    for folder in Path("/proc").glob("[0-9]*"):
        if (folder / "cmdline").read_bytes().startswith(b"ray::synthetic") and driver in _ancestors(int(folder.name)):
            os.kill(int(folder.name), signal.SIGKILL)
            return 1
    return 0


def _ancestors(process):
    while process > 1:
        status = Path(f"/proc/{process}/status").read_text().splitlines()
        process = next(int(line.split()[1]) for line in status if line.startswith("PPid:"))
        yield process


if __name__ == "__main__":
    sys.exit(exit_code("batch", main))
