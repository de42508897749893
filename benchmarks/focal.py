#!/usr/bin/env python3
"""How well `--calibration auto` finds the focal length of recordings whose calibration is known.

    python -m benchmarks.focal SOURCE ...      such as recordings in TUM layout, synthetic:seed=1,frames=600,fov=60

The error of the focal length, and the standard deviation that is stated with it, both in percent.
"""

import argparse
import sys
from collections.abc import Iterator

import numpy as np

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code
from calib.base.errors import CalibrationError
from calib.unknown_camera import estimate_source
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    arguments = parser.parse_args()
    print(machine())
    table(["source", "frames looked at", "error", "stated"], map(row, arguments.sources))


def row(source: str) -> list[str]:
    """Of one source; what is refused says why."""
    return [source, *errors(source)]


def errors(source: str) -> Iterator[str]:
    """The cells behind its name."""
    true_px = open_sequence(source, SourceOptions(depth_every=0)).camera.fx
    try:
        found = estimate_source(source, SourceOptions(depth_every=0))
    except CalibrationError as error:
        yield str(error)
        return
    yield str(found.frames)
    yield f"{100 * np.log(found.camera.fx / true_px):+.1f} %"
    yield f"{100 * found.std:.0f} %"


if __name__ == "__main__":
    sys.exit(exit_code("focal", main))
