#!/usr/bin/env python3
"""Damage a small recording of every format at random, and read it: an error in one line or skipped frames each time.

    python benchmarks/fuzz.py [FORMAT ...] [--variants 200] [--seed 0]

Half of the variants cut a file off, half change one to five bytes of it. Ends with exit code 1 at a mistake, after
printing how to get it again, and with a traceback where one variant takes longer than a minute.
"""

import argparse
import faulthandler
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import numpy as np

from runs import ROOT, table

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import lzfse_blocks  # noqa: E402
from damage import damage, outcome_of  # noqa: E402
from dataset_samples import WRITERS  # noqa: E402
from sequences.rooms.room import build_room  # noqa: E402
from studio import Studio  # noqa: E402

FRAMES = 5
LONGEST_S = 60
OUTCOMES = ("refused", "skipped", "unnoticed", "mistake")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"of {', '.join(WRITERS)} (default: all)")
    parser.add_argument("--variants", type=int, default=200, metavar="N", help="of each format (default: 200)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first variant")
    arguments = parser.parse_args()
    lzfse_blocks.stand_in()
    studio, rows = Studio(build_room(7), FRAMES), []
    for name in arguments.formats or WRITERS:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(fuzz(name, WRITERS[name][1](Path(folder) / name, studio), Path(folder), arguments))
    table(["format", *OUTCOMES, "slowest s"], rows)
    return int(any(row[4] for row in rows))


def fuzz(name, sample, folder, arguments):
    """-> a row of the table"""
    outcomes, slowest_s = Counter(), 0
    for seed in range(arguments.seed, arguments.seed + arguments.variants):
        path, whole = damage(folder, np.random.default_rng(seed))
        faulthandler.dump_traceback_later(LONGEST_S, exit=True)
        start = time.perf_counter()
        try:
            outcome = outcome_of(sample)
        except Exception:
            outcome = "mistake"
            print(f"{name} --seed {seed} --variants 1, {path.relative_to(folder)}:\n{traceback.format_exc()}")
        slowest_s = max(slowest_s, time.perf_counter() - start)
        faulthandler.cancel_dump_traceback_later()
        outcomes[outcome] += 1
        path.write_bytes(whole)
    return [name, *(outcomes[outcome] for outcome in OUTCOMES), f"{slowest_s:.1f}"]


if __name__ == "__main__":
    sys.exit(main())
