#!/usr/bin/env python3
"""Milliseconds of depth networks in each runtime, on one thread: python benchmarks/runtimes.py [FILE.onnx ...]

Preprocessing included, one made-up image of 640x480, runtimes in turns. Without FILE, the network that ships.
"""

import statistics
import sys

import numpy as np

from runs import ROOT, machine, table

sys.path.insert(0, str(ROOT))

from calib.camera import Camera  # noqa: E402
from depth.default_network import default_weights  # noqa: E402
from depth.runtimes import open_estimator  # noqa: E402

RUNTIMES = ("onnx", "openvino")
ROUNDS = 60
CAMERA = Camera(640, 480, 525.0, 525.0, 319.5, 239.5)


def main():
    print(machine())
    table(["network", *(f"{name} ms" for name in RUNTIMES), "median difference %"],
          [row(path) for path in sys.argv[1:] or [default_weights()]])


def row(path):
    rgb = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    estimators = [open_estimator(path, runtime=name, device="cpu") for name in RUNTIMES]
    times = [[estimator.predict(rgb, CAMERA).ms for estimator in estimators] for _ in range(ROUNDS)]
    first, second = (estimator.predict(rgb, CAMERA).depth_m for estimator in estimators)
    known = (first > 0) & (second > 0)
    difference = 100 * float(np.median(np.abs(second[known] / first[known] - 1)))
    return [estimators[0].name, *(f"{statistics.median(column):.1f}" for column in zip(*times)), f"{difference:.2f}"]


if __name__ == "__main__":
    main()
