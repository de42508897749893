#!/usr/bin/env python3
"""How far camera path and mesh are from the truth.

    python benchmarks/accuracy.py                                    five synthetic rooms, exact depth
    python benchmarks/accuracy.py DIR ... [--depth sensor|NAME|FILE]   recordings in TUM layout with ground truth
    python benchmarks/accuracy.py DIR ... --depth NAME --ablation      the same with parts of SLAM left out

Path: root mean square of the position error (ATE) after alignment by a rigid motion, and by one with scale
(Sturm 2012, Umeyama 1991). Mesh: see benchmarks/mesh_accuracy.py. Each row is one run of run_slam.py.
"""

import argparse
import tempfile
from pathlib import Path

from mesh_accuracy import mesh_scores
from runs import machine, run_slam, table

SEEDS = range(5)
SYNTHETIC_FRAMES = 600
ABLATION = {"network alone": ("loops", "refinement"), "+ loops": ("refinement",), "+ refinement": ("loops",), "all": ()}
"""What is left out in each row."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sequences", nargs="*", type=Path, metavar="DIR")
    parser.add_argument("--depth", default="sensor")
    parser.add_argument("--ablation", action="store_true", help="also with parts left out; needs --depth NAME|FILE")
    arguments = parser.parse_args()
    print(machine())
    if arguments.sequences:
        variants = ABLATION if arguments.ablation else {"all": ()}
        table(["sequence", "parts", "frames tracked", "path m", "ATE SE(3) m", "ATE Sim(3) m", "scale", "RPE 1 s m",
               "mesh within 10 %: own cameras", "true cameras", "by positions alone"],
              (recording(path, arguments.depth, *variant) for path in arguments.sequences for variant in variants.items()))
    else:
        table(["room", "frames tracked", "path m", "ATE SE(3) mm", "share of path %"],
              [synthetic(seed) for seed in SEEDS])


def recording(path, depth, parts, without):
    with tempfile.TemporaryDirectory() as results:
        report = run_slam(path, "--depth", depth, keep=results, without=without)
        mesh = mesh_scores(Path(results), path)
    return [report["source"], parts, f"{report['tracked']} of {report['frames']}", f"{report['path_m']:.1f}",
            f"{report['ate_se3_m']:.4f}", f"{report['ate_sim3_m']:.4f}", f"{report['ate_scale']:.3f}",
            f"{report['rpe_1s_m']:.4f}", *(f"{100 * share:.1f}" for share in mesh)]


def synthetic(seed):
    report = run_slam(f"synthetic:seed={seed},frames={SYNTHETIC_FRAMES}")
    return [seed, f"{report['tracked']} of {report['frames']}", f"{report['path_m']:.1f}",
            f"{1e3 * report['ate_se3_m']:.2f}", f"{100 * report['ate_se3_m'] / report['path_m']:.4f}"]


if __name__ == "__main__":
    main()
