#!/usr/bin/env python3
"""Errors of camera trajectory and mesh against ground truth.

    python -m benchmarks.accuracy [--depth sensor|NAME|FILE]           five synthetic rooms, exact depth or a network's
    python -m benchmarks.accuracy DIR ... [--depth sensor|NAME|FILE]   recordings in TUM layout with ground truth
    python -m benchmarks.accuracy DIR ... --parts 5 --noise 5          several runs for each: of the whole recording, of
                                                                       halves of it, and of copies with noise added
                                                                       (benchmarks/variants.py); mean (lowest to
                                                                       highest) of each kind, and of all
    python -m benchmarks.accuracy DIR ... --depth NAME --ablation      any of these, SLAM built up from its parts
                                                                       (benchmarks/ablation.py)

Trajectory: root mean square of the position error (ATE) after alignment by a rigid transform, and by one with scale
(Sturm 2012, Umeyama 1991); coverage is the share of frames that it is over; length is that of the estimate, by the
latter's scale, over that of the ground truth. Mesh: share of measured depth pixels within 5 % and 10 %, see
benchmarks/mesh_accuracy.py. Single runs are noisy: choose by the means over all. Each run is one of run_slam.py.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ablation import ABLATION, FINAL, WHOLE, Setting
from benchmarks.mesh_accuracy import mesh_scores
from benchmarks.runs import machine, run_slam, table
from benchmarks.variants import NOISE_LEVELS, halves, noisy
from calib.base.command_line import exit_code, whole_number

SEEDS = range(5)
SYNTHETIC_FRAMES = 600
ERRORS = {"ATE SE(3) m": "ate_se3_m", "ATE Sim(3) m": "ate_sim3_m", "scale": "ate_scale", "length": "length_ratio"}
MESH = {"mesh within 5 %, Sim(3)": "mesh_within_5pct_sim3", "10 %, Sim(3)": "mesh_within_10pct_sim3",
        "5 %, own metres": "mesh_within_5pct_se3", "10 %, own metres": "mesh_within_10pct_se3",
        "covered": "mesh_covered_sim3", "AbsRel, Sim(3)": "mesh_absrel_sim3"}
"""Columns, and the scores that they show."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sequences", nargs="*", type=Path, metavar="DIR")
    parser.add_argument("--depth", default="sensor", metavar="sensor|NAME|FILE")
    parser.add_argument("--ablation", action="store_true", help="parts added one by one; needs --depth NAME|FILE")
    parser.add_argument("--parts", type=whole_number(1), metavar="N", help="run N halves of each recording")
    parser.add_argument("--noise", type=whole_number(1), metavar="N",
                        help=f"run N copies of each with noise of {NOISE_LEVELS:g} grey levels")
    arguments = parser.parse_args()
    if (arguments.ablation or arguments.parts or arguments.noise) and not arguments.sequences:
        parser.error("--ablation, --parts and --noise are for recordings: give DIR")
    if arguments.ablation and arguments.depth == "sensor":
        parser.error("--ablation needs --depth NAME|FILE: a sensor's depth is taken as it is")
    print(machine())
    print_tables(arguments)


def print_tables(arguments: argparse.Namespace) -> None:
    depth = arguments.depth
    settings = ABLATION if arguments.ablation else [WHOLE] if depth == "sensor" else [WHOLE, FINAL]
    if arguments.parts or arguments.noise:
        table(["sequence", "parts of SLAM", "runs", "coverage", *ERRORS, *MESH],
              (row for path in arguments.sequences for setting in settings
               for row in several(path, depth, setting, arguments)))
    elif arguments.sequences:
        table(["sequence", "parts of SLAM", "frames tracked", "length m", "RPE 1 s m", *ERRORS, *MESH],
              (recording(path, depth, setting) for path in arguments.sequences for setting in settings))
    else:
        table(["room", "frames tracked", "length m", "ATE SE(3) mm", "share of length %", "ATE Sim(3) mm",
               "share of length %", "loops"], (synthetic(seed, depth) for seed in SEEDS))


def run(path: Path, depth: str, setting: Setting) -> dict[str, Any]:
    """-> what report.json holds, and mesh_scores"""
    with tempfile.TemporaryDirectory() as results:
        report = run_slam(path, "--depth", depth, *setting.options, keep=results)
        return report | mesh_scores(Path(results), path)


def recording(path: Path, depth: str, setting: Setting) -> list[str]:
    """A row of the table: one run over a recording."""
    scores = run(path, depth, setting)
    return [scores["source"], setting.name, f"{scores['tracked']} of {scores['frames']}", f"{scores['path_m']:.1f}",
            f"{scores['rpe_1s_m']:.4f}", *(f"{scores[name]:.4f}" for name in (*ERRORS.values(), *MESH.values()))]


def several(path: Path, depth: str, setting: Setting, arguments: argparse.Namespace) -> Iterator[list[str]]:
    """Rows of the table for a recording: one for each kind of variant, and one for all runs."""
    everything: list[dict[str, Any]] = []
    for kind, folders in variants(path, arguments):
        scores = [run(folder, depth, setting) for folder in folders]
        everything += scores
        yield [path.resolve().name, setting.name, kind, *spreads(scores)]
    yield [path.resolve().name, setting.name, f"all {len(everything)}", *spreads(everything)]


def variants(path: Path, arguments: argparse.Namespace) -> Iterator[tuple[str, Iterable[Path]]]:
    """-> what they are, and their folders, made one by one"""
    yield "whole", [path]
    if arguments.parts:
        yield f"{arguments.parts} halves", halves(path, arguments.parts)
    if arguments.noise:
        yield f"{arguments.noise} with noise", noisy(path, arguments.noise)


def spreads(scores: Sequence[dict[str, Any]]) -> list[str]:
    """Columns of the table over several runs."""
    coverage = [each["matched"] / each["frames"] for each in scores]
    return [spread(coverage, 3), *(spread([each[name] for each in scores], 3)
                                   for name in (*ERRORS.values(), *MESH.values()))]


def spread(values: Sequence[float], digits: int) -> str:
    """Mean (lowest to highest)."""
    return f"{np.mean(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def synthetic(seed: int, depth: str) -> list[object]:
    """A row of the table: one run over a synthetic room."""
    report = run_slam(f"synthetic:seed={seed},frames={SYNTHETIC_FRAMES}", "--depth", depth)
    errors = [report["ate_se3_m"], report["ate_sim3_m"]]
    return [seed, f"{report['tracked']} of {report['frames']}", f"{report['path_m']:.1f}",
            *(text for error in errors for text in (f"{1e3 * error:.2f}", f"{100 * error / report['path_m']:.4f}")),
            report["loops"]]


if __name__ == "__main__":
    sys.exit(exit_code("accuracy", main))
