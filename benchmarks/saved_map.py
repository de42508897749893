#!/usr/bin/env python3
"""What a map on disk takes: kilobytes a keyframe, and milliseconds to encode one.

    python -m benchmarks.saved_map RESULT ...
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code
from monofuse.maps.depth_code import encode_depth, encode_log_std
from monofuse.maps.map_file import map_in, read_map
from monofuse.maps.saved_map import SavedMap

COLUMNS = {"image": ("image", "keyframe"), "depth": ("inverse_depth", "depth"), "log_std": ("log_std", "depth"),
           "network's": ("inverse_depth", "network_depth")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULT")
    arguments = parser.parse_args()
    print(machine())
    table(["result", "keyframes", *(f"{name} kB" for name in COLUMNS), "ms to encode one"],
          (row(result) for result in arguments.results))


def row(result: Path) -> list[str]:
    """Means over the keyframes of one map; the time is CPU time of one thread, without the image."""
    connection = read_map(map_in(result))
    try:
        sizes = [connection.execute(f"SELECT avg(length({column})) FROM {place}").fetchone()[0]
                 for column, place in COLUMNS.values()]
    finally:
        connection.close()
    times_ms = list(encoding_times_ms(result))
    return [result.name, str(len(times_ms)), *("-" if size is None else f"{size / 1e3:.1f}" for size in sizes),
            f"{np.median(times_ms):.1f}"]


def encoding_times_ms(result: Path) -> Iterator[float]:
    """Of each keyframe."""
    with SavedMap(result) as saved:
        for keyframe in saved.keyframes():
            start = time.thread_time()
            encode_depth(keyframe.inverse_depth)
            if keyframe.log_std is not None:
                encode_log_std(keyframe.log_std)
            if keyframe.network_depth is not None:
                encode_depth(keyframe.network_depth.astype(np.float32))
            yield 1e3 * (time.thread_time() - start)


if __name__ == "__main__":
    sys.exit(exit_code("saved_map", main))
