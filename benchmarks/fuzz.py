#!/usr/bin/env python3
"""Damage a small recording of every format at random, and read it: an error in one line or skipped frames each time.

    python -m benchmarks.fuzz [FORMAT ...] [--variants 200] [--seed 0]

Half of the variants cut a file off, half change one to five bytes of it. Ends with exit code 1 at a mistake, after
printing how to get it again. Reading is done in a process of its own, so that what crashes or hangs is seen as well.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
import traceback
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.runs import table
from sequences.synthetic.room import build_room
from tests.helpers import camera_samples, dataset_samples, lzfse_blocks
from tests.helpers.damage import damage, outcome_of
from tests.helpers.studio import Studio

DATASETS = {name: writer for name, (_, writer) in dataset_samples.WRITERS.items()}
FORMATS = DATASETS | camera_samples.WRITERS
FRAMES, CAMERA_FRAMES = 5, 24
"""Of a dataset's sample, and of a camera's, of which the last moment may be missing."""
MAX_READING_S = 60
OUTCOMES = ("refused", "skipped", "unnoticed", "mistake")


def main() -> int:
    """-> exit code"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"of {', '.join(FORMATS)} (default: all)")
    parser.add_argument("--variants", type=int, default=200, metavar="N", help="of each format (default: 200)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first variant")
    arguments = parser.parse_args()
    lzfse_blocks.stand_in()
    room, rows, reader = build_room(7), [], Reader()
    for name in arguments.formats or FORMATS:
        studio = Studio(room, FRAMES if name in DATASETS else CAMERA_FRAMES)
        with tempfile.TemporaryDirectory() as folder:
            sample = FORMATS[name](Path(folder) / "recording" / name, studio)
            with camera_samples.sent(sample) as sample:
                rows.append(fuzz(name, sample, Path(folder) / "recording", reader, arguments))
    reader.end()
    table(["format", *OUTCOMES, "slowest s"], rows)
    return int(any(row[4] for row in rows))


def fuzz(name: str, sample: Any, folder: Path, reader: "Reader", arguments: argparse.Namespace) -> list[object]:
    """-> a row of the table"""
    outcomes, slowest_s = Counter(), 0.0
    for seed in range(arguments.seed, arguments.seed + arguments.variants):
        path, whole = damage(folder, np.random.default_rng(seed))
        start = time.perf_counter()
        outcome, mistake = reader.outcome_of(sample)
        slowest_s = max(slowest_s, time.perf_counter() - start)
        if mistake:
            print(f"{name} --seed {seed} --variants 1, {path.relative_to(folder)}:\n{mistake}")
        outcomes[outcome] += 1
        path.write_bytes(whole)
    return [name, *(outcomes[outcome] for outcome in OUTCOMES), f"{slowest_s:.1f}"]


class Reader:
    """A process that reads samples; another one takes its place when it crashes or hangs."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start the process."""
        self.pipe, far_end = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=read_all, args=(far_end,), daemon=True)
        self.process.start()
        far_end.close()

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()

    def outcome_of(self, sample: Any) -> tuple[str, str]:
        """-> the outcome, and what went wrong in many words or none"""
        self.pipe.send(sample)
        try:
            if self.pipe.poll(MAX_READING_S):
                return self.pipe.recv()
            mistake = f"no answer within {MAX_READING_S} s"
        except EOFError:
            self.process.join()
            mistake = f"the process ended with exit code {self.process.exitcode}"
        self.end()
        self.begin()
        return "mistake", mistake


def read_all(pipe: Connection) -> None:
    """Answer each sample that comes with its outcome."""
    lzfse_blocks.stand_in()
    while True:
        try:
            answer = outcome_of(pipe.recv()), ""
        except EOFError:
            return
        except Exception:
            answer = "mistake", traceback.format_exc()
        pipe.send(answer)


if __name__ == "__main__":
    sys.exit(main())
