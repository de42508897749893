#!/usr/bin/env python3
"""Write small samples of all that the program reads, change them as chance and malice do, and read them: an error in
one line, skipped frames or whole ones each time, within 30 s and 2 GB.

    python -m benchmarks.fuzz [FORMAT ...] [--cases 10000] [--seed 0] [--jobs 2] [--keep DIR]

A quarter of the cases cut a file off or change some of its bytes. The others know the format: sizes, counts become
0, -1, 2^31 or 1e308, values of JSON and YAML another type or nested without end, text gets lines of a million
characters and fewer or more columns, files become devices, pipes, folders or gigabytes of zeros, archives and images
unfold to gigabytes or lie of their sizes, tables of databases hold other values. Reading is done in processes of
their own, one for each job, which go on as long as cases end as they should. Ends with exit code 1 at a mistake, after
printing how to get it again and saving the changed file in DIR.
"""

import argparse
import shutil
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from benchmarks.fuzz_reader import Outcome, Reader
from benchmarks.runs import table
from sequences.synthetic.room_cache import cached_room
from tests.helpers import camera_samples, lzfse_blocks
from tests.helpers.damage import damage
from tests.helpers.fuzz_formats import FORMATS
from tests.helpers.hostile_files import Kept, change
from tests.helpers.studio import Studio

KINDS = ("refused", "skipped", "read", "bad")
RANDOM_SHARE = 0.25
"""Of cases that change bytes without knowing the format."""
SLOW = {"db3": 0.1, "stream": 0.3, "nyu_raw": 0.5, "icl_own_form": 0.5, "map_restored": 0.5}
"""Formats that take long to read, and how many cases they get, of those of the others."""
MAX_SAVED_BYTES = 64 << 20
STARTING_S = 300.0
WRITING = Lock()
"""Renderers and the tests' writers of samples are for one thread."""


class Case(NamedTuple):
    """One change of a sample."""

    format: str
    seed: int
    changed: Path
    how: str
    outcome: Outcome


def main() -> int:
    """-> exit code"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"of {', '.join(FORMATS)} (default: all)")
    parser.add_argument("--cases", type=int, default=10_000, metavar="N", help="in all (default: 10000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of each format's first case")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="formats at the same time (default: 2)")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-cases"), metavar="DIR", help="for mistakes")
    arguments = parser.parse_args()
    unknown = set(arguments.formats) - set(FORMATS)
    if unknown:
        parser.error(f"no format {', '.join(sorted(unknown))}")
    start_s = time.monotonic()
    cases = fuzz(arguments.formats or list(FORMATS), arguments.cases, arguments.seed, arguments.keep,
                 arguments.jobs)
    print(f"{len(cases)} cases in {time.monotonic() - start_s:.0f} s, "
          f"{sum(case.outcome.kind == 'bad' for case in cases)} bad")
    return int(any(case.outcome.kind == "bad" for case in cases))


def fuzz(names: list[str], count: int, seed: int, keep: Path, jobs: int) -> list[Case]:
    """Try that many cases of these formats together, print a table, save the bad ones -> all of them."""
    lzfse_blocks.stand_in()
    shares = {name: SLOW.get(name, 1.0) for name in names}
    readers: SimpleQueue[Reader] = SimpleQueue()
    for _ in range(jobs):
        readers.put(Reader())

    def tried(name):
        number = -int(-count * shares[name] // sum(shares.values()))
        found = cases_with(readers, name, range(seed, seed + number), keep)
        print(*row_of(name, found), file=sys.stderr, flush=True)
        return found
    with ThreadPoolExecutor(jobs) as pool:
        found = list(pool.map(tried, names))
    for _ in range(jobs):
        readers.get().end()
    table(["format", "cases", *KINDS, "slowest s", "most MB"], list(map(row_of, names, found)))
    return list(chain.from_iterable(found))


def cases_with(readers: SimpleQueue[Reader], name: str, seeds: range, keep: Path) -> list[Case]:
    """All cases of a format, read by one of these readers."""
    reader = readers.get()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return list(cases_of(name, Path(folder) / "sample", seeds, reader, keep))
    finally:
        readers.put(reader)


def cases_of(name: str, folder: Path, seeds: range, reader: Reader, keep: Path) -> Iterator[Case]:
    """Write a sample of a format and change it once for each seed -> Cases"""
    form = FORMATS[name]
    with WRITING:
        sample = form.write(folder / name, studio_of(form.frames) if form.frames else None)
    if hasattr(sample, "options"):
        sample = sample._replace(options=dict(sample.options), T_world_cam=np.zeros(len(sample.T_world_cam)))
    kept = Kept(folder)
    with camera_samples.sent(sample) if hasattr(sample, "source") else nullcontext(sample) as sample:
        for seed in seeds:
            if seed == seeds[0] or reader.is_new:  # imports and compiles, which counts for no case
                warm_up(name, sample, kept, reader)
                kept.put_back()
            rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
            if rng.random() < RANDOM_SHARE:
                changed, how = damage(folder, rng)[0], "damage"
            else:
                changed, how = change(kept, rng, only_content=name == "stream")
            outcome = reader.outcome_of(name, sample, changed)
            case = Case(name, seed, changed, how, outcome)
            if outcome.kind == "bad":
                save(case, keep, folder)
            yield case
            kept.put_back()


@cache
def studio_of(frame_count: int) -> Studio:
    """What samples of so many frames show; rooms and renderers take longer than the frames."""
    return Studio(cached_room(7), frame_count)


def warm_up(name: str, sample: Any, kept: Kept, reader: Reader) -> None:
    """Read a sample as it is, each of its files where it has no order of its own."""
    for path in [kept.first()] if hasattr(sample, "source") else kept.data:
        outcome = reader.outcome_of(name, sample, path, STARTING_S)
        assert outcome.kind != "bad", f"{name}, as it is: {outcome}"


def save(case: Case, keep: Path, folder: Path) -> None:
    """Print how to get a bad case again, and copy the file that was changed."""
    again = f"python -m benchmarks.fuzz {case.format} --seed {case.seed} --cases 1"
    text = f"{again}\n{case.changed.relative_to(folder)}, {case.how}:\n{case.outcome.mistake}\n"
    print(text, flush=True)
    keep.mkdir(parents=True, exist_ok=True)
    (keep / f"{case.format}-{case.seed}.txt").write_text(text)
    if case.changed.is_file() and not case.changed.is_symlink() and case.changed.stat().st_size < MAX_SAVED_BYTES:
        shutil.copyfile(case.changed, keep / f"{case.format}-{case.seed}{case.changed.suffix}")


def row_of(name: str, cases: list[Case]) -> list[Any]:
    """-> a row of the table"""
    outcomes = [case.outcome for case in cases]
    kinds = Counter("read" if outcome.kind == "unnoticed" else outcome.kind for outcome in outcomes)
    slowest_s, most_mb = max(each.seconds for each in outcomes), max(each.peak_mb for each in outcomes)
    return [name, len(cases), *(kinds[kind] for kind in KINDS), f"{slowest_s:.1f}", most_mb]


if __name__ == "__main__":
    sys.exit(main())
