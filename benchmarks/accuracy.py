#!/usr/bin/env python3
"""Errors of camera trajectory and mesh against ground truth.

    python -m benchmarks.accuracy [--depth sensor|NAME|FILE]           five synthetic rooms, exact depth or a network's
    python -m benchmarks.accuracy DIR ... [--depth sensor|NAME|FILE]   recordings in TUM layout with ground truth
    python -m benchmarks.accuracy DIR ... --parts 5 --noise 5          the same as mean (lowest to highest) of several:
                                                                       runs: halves of each recording, and copies
                                                                       with noise added (benchmarks/variants.py)
    python -m benchmarks.accuracy DIR ... --depth NAME --ablation      any of these, SLAM built up from its parts
                                                                       (benchmarks/ablation.py)

Trajectory: root mean square of the position error (ATE) after alignment by a rigid transform, and by one with scale
(Sturm 2012, Umeyama 1991); coverage is the share of frames that it is over. Mesh: see benchmarks/mesh_accuracy.py.
Single runs are noisy: choose by the means. Each row is one run of run_slam.py, or one for each half or copy.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
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
ATE = ["ATE SE(3) m", "ATE Sim(3) m", "scale"]
MESH = ["mesh within 10 %: own cameras", "ground-truth cameras", "by positions alone"]


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
        table(["sequence", "runs", "parts of SLAM", "coverage %", *ATE, *MESH],
              (several(path, what, folders, depth, setting) for path in arguments.sequences
               for setting in settings for what, folders in variants(path, arguments)))
    elif arguments.sequences:
        table(["sequence", "parts of SLAM", "frames tracked", "length m", *ATE, "RPE 1 s m", *MESH],
              (recording(path, depth, setting) for path in arguments.sequences for setting in settings))
    else:
        table(["room", "frames tracked", "length m", "ATE SE(3) mm", "share of length %", "ATE Sim(3) mm",
               "share of length %", "loops"], (synthetic(seed, depth) for seed in SEEDS))


def run(path: Path, depth: str, setting: Setting) -> tuple[dict[str, Any], np.ndarray]:
    """-> report.json, and the shares of mesh_scores"""
    with tempfile.TemporaryDirectory() as results:
        report = run_slam(path, "--depth", depth, *setting.options, keep=results)
        return report, mesh_scores(Path(results), path)


def recording(path: Path, depth: str, setting: Setting) -> list[str]:
    """A row of the table: one run over a recording."""
    report, mesh = run(path, depth, setting)
    return [report["source"], setting.name, f"{report['tracked']} of {report['frames']}", f"{report['path_m']:.1f}",
            f"{report['ate_se3_m']:.4f}", f"{report['ate_sim3_m']:.4f}", f"{report['ate_scale']:.3f}",
            f"{report['rpe_1s_m']:.4f}", *(f"{100 * share:.1f}" for share in mesh)]


def variants(path: Path, arguments: argparse.Namespace) -> Iterator[tuple[str, Iterator[Path]]]:
    """-> what they are, and their folders, made one by one"""
    if arguments.parts:
        yield f"{arguments.parts} halves", halves(path, arguments.parts)
    if arguments.noise:
        yield f"{arguments.noise} with noise", noisy(path, arguments.noise)


def several(path: Path, what: str, folders: Iterator[Path], depth: str, setting: Setting) -> list[str]:
    """A row of the table: means and ranges of one run for each folder."""
    reports, meshes = zip(*(run(folder, depth, setting) for folder in folders))
    coverage = [100 * report["matched"] / report["frames"] for report in reports]
    errors = ([report[key] for report in reports] for key in ("ate_se3_m", "ate_sim3_m", "ate_scale"))
    return [path.resolve().name, what, setting.name, spread(coverage, 1), *(spread(values, 3) for values in errors),
            *(spread(shares, 1) for shares in 100 * np.transpose(meshes))]


def spread(values: Sequence[float] | np.ndarray, digits: int) -> str:
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
