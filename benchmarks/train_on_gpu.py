#!/usr/bin/env python3
"""The best recipe on a GPU, as long as there is time: python -m benchmarks.train_on_gpu DIR [DIR ...] --minutes 10

    python -m benchmarks.train_on_gpu NYU PAIRS --minutes 12 --output results/train/gpu -- --val-images 200

DIR is what `depth train --data` takes; what stands after -- goes on to `depth train` and overrides the recipe. A short
trial with the same settings tells how many steps fit into the time, because the learning rate's schedule needs their
number beforehand; should they take longer than thought, the run is stopped as Ctrl-C stops it and keeps its best
weights. All GPUs that are there take part (torchrun); without one it is a slow way to train on the CPU.
"""

import argparse
import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.runs import ROOT
from calib.base.command_line import exit_code
from calib.base.errors import BadInputError, MonofuseError
from depth.networks.registry import load_torch

RECIPE = ("--network", "mobile", "--recipe", "strong", "--batch", "64", "--lr", "2e-3", "--clip", "1",
          "--precision", "auto", "--val-images", "200")
"""What is best so far, with batches for a GPU: eight times the images at twice the rate. auto: bf16 where the GPU has
it, and on a CPU fp32. Channels last is how `depth train` always holds images."""
TRIAL_STEPS = 40
SHARE_FOR_STEPS = 0.8
"""Of the time; the rest goes to validation and saving."""
VALIDATIONS = 10
MAX_WORKERS = 16
"""More processes per GPU than that read images no faster than a GPU takes them."""
GRACE_S = 60.0
"""Longest wait for a stopped run to save."""
PROGRAM = ("-m", "depth")
"""What Python is to run: the program with the command `train`."""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", metavar="DIR")
    parser.add_argument("--minutes", type=float, required=True, metavar="M", help="for everything, from the start on")
    parser.add_argument("--output", default="results/train/gpu", metavar="DIR", help="(default: results/train/gpu)")
    given = list(sys.argv[1:] if argv is None else argv)
    border = given.index("--") if "--" in given else len(given)
    arguments, more = parser.parse_args(given[:border]), given[border + 1:]
    if not arguments.minutes > 0:
        raise BadInputError("--minutes must be positive")
    end = time.monotonic() + 60 * arguments.minutes
    gpu_count = load_torch("training").cuda.device_count()
    settings = [*RECIPE, "--workers", str(workers(gpu_count)), *more]
    for folder in arguments.data:
        settings += ["--data", folder]
    images_per_s, steps_per_s = trial(settings, gpu_count, end)
    steps = max(1, int(SHARE_FOR_STEPS * (end - time.monotonic()) * steps_per_s))
    print(f"{gpu_count or 'no'} GPU, {images_per_s:.0f} images/s: {steps} steps in {arguments.minutes:g} minutes",
          flush=True)
    every = max(1, steps // VALIDATIONS)
    train([*settings, "--steps", str(steps), "--validate-every", str(every), "--output", arguments.output], gpu_count,
          end)


def workers(gpu_count: int) -> int:
    """Processes that read images, for each process that trains."""
    return min(MAX_WORKERS, max(1, (os.cpu_count() or 1) // max(1, gpu_count) - 1))


def trial(settings: Sequence[str], gpu_count: int, end: float) -> tuple[float, float]:
    """Train for a few steps -> images and steps per second."""
    with tempfile.TemporaryDirectory() as scratch:
        train([*settings, "--steps", str(TRIAL_STEPS), "--validate-every", str(2 * TRIAL_STEPS), "--output", scratch],
              gpu_count, end, stdout=subprocess.DEVNULL)
        with open(Path(scratch) / "log.csv", newline="") as file:
            last = [row for row in csv.DictReader(file) if row["images_per_s"]][-1]
        config = (Path(scratch) / "config.yaml").read_text()
    batch = next(int(line.split()[1]) for line in config.splitlines() if line.startswith("batch:"))
    return float(last["images_per_s"]), float(last["images_per_s"]) / batch


def train(settings: Sequence[str], gpu_count: int, end: float, stdout: int | None = None) -> None:
    """Run `depth train` until it is done, or let it save and stop at the time `end`. Raises MonofuseError."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={gpu_count}"] if gpu_count > 1 else []
    process = subprocess.Popen([sys.executable, *torchrun, *PROGRAM, "train", *settings], cwd=ROOT, stdout=stdout)
    try:
        code = process.wait(max(1.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        stop(process)
        return
    except KeyboardInterrupt:  # it has had the same signal, and saves
        process.wait()
        raise
    if code:
        raise MonofuseError(f"depth train ended with {code}")


def stop(process: subprocess.Popen) -> None:
    """Have a run save what it has, and end. Raises MonofuseError."""
    print("the time is up: saving", flush=True)
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise MonofuseError("depth train did not save in time; --resume goes on from its last checkpoint") from None


if __name__ == "__main__":
    sys.exit(exit_code("train_on_gpu", main))
