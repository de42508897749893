#!/usr/bin/env python3
"""What a network that has learnt a place brings on the next visit: python -m benchmarks.second_visit FIRST SECOND

Two recordings of one place by one camera, for example the halves of one (`python -m benchmarks.staged first-half`), the
second one with a sensor's depth. A run over the first one saves its network. The second one is run with the network
that ships and with the saved one, both as they are, as with a camera: error of the network on every n-th frame with one
scale for all (AbsRel, delta1) and with a scale for each image, of the live depth as SLAM uses it (AbsRel), and ATE.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.adaptation import add_network_options, errors, measured
from benchmarks.runs import machine, run_slam, table
from calib.base.command_line import exit_code
from depth.runtimes.catalogue import open_estimator
from depth.runtimes.default_network import weights_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", metavar="FIRST", help="what the network learns")
    parser.add_argument("second", metavar="SECOND", help="what is measured")
    add_network_options(parser)
    arguments = parser.parse_args()
    print(machine())
    table(["network", "AbsRel", "delta1", "per image", "delta1 per image", "expected / true error", "depth in SLAM",
           "ATE after Sim(3), m", "ATE, m", "scale"], rows(arguments))


def rows(arguments: argparse.Namespace) -> Iterator[list[str]]:
    """Rows of the table: the network to begin with, the one that knows the place."""
    options = [] if arguments.calibration is None else ["--calibration", str(arguments.calibration)]
    options += [] if arguments.max_frames is None else ["--max-frames", str(arguments.max_frames)]
    frames = measured(arguments, arguments.second)
    with tempfile.TemporaryDirectory() as scratch:
        learnt = Path(scratch) / "room.safetensors"
        run_slam(arguments.first, "--depth", arguments.depth, "--save-network", str(learnt), *options)
        for name, network in ((arguments.depth, arguments.depth), ("saved on the first visit", learnt)):
            report = run_slam(arguments.second, "--depth", str(network), "--adapt", "off", *options)
            live = [f"{report[key]:.3f}" if key in report else "" for key in
                    ("depth_rel", "ate_sim3_m", "ate_se3_m", "ate_scale")]
            yield [str(name), *errors(open_estimator(weights_of(network)), frames), *live]


if __name__ == "__main__":
    sys.exit(exit_code("benchmarks.second_visit", main))
