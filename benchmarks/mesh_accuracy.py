#!/usr/bin/env python3
"""How much of a recording's measured depth a mesh explains: python -m benchmarks.mesh_accuracy RESULT_DIR SEQUENCE_DIR

The mesh is brought into the world of the ground truth and ray-cast from the true cameras, at every second pixel of
about 60 depth maps. All pixels measured between 0.1 and 8 m count; those that the mesh does not cover count as wrong.
The motion that brings it there fits positions and orientations of all cameras: by positions alone (Umeyama 1991) it
would turn freely about a short trajectory. Once with the scale that fits the positions best (`_sim3`), once in the
mesh's own metres (`_se3`).
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import trimesh

from benchmarks.measured_views import measured_views, true_trajectory
from benchmarks.ray_caster import RayCaster
from benchmarks.runs import table
from calib.base.command_line import exit_code
from calib.base.errors import SourceError
from calib.files.tum_files import read_trajectory
from monofuse.bench.alignment import Alignment, fitting_poses
from slam.evaluation import absolute_error, matches

STRIDE = 2
"""Pixels from one ray to the next, each way."""
WITHIN = 0.05, 0.1
"""Relative errors up to which a pixel counts as right."""
WITHIN_FACTOR = 1.25
SCORES = {"covered": "covered", "absrel": "AbsRel", "within_5pct": "within 5 %", "within_10pct": "within 10 %",
          "within_1.25": "within a factor of 1.25"}
"""What is scored, and in words. All are shares of the measured pixels but `absrel`, the mean relative error where the
mesh covers them."""


def mesh_scores(results: Path, recording: Path) -> dict[str, float]:
    """-> {mesh_NAME_sim3 and mesh_NAME_se3 for each NAME of SCORES, mesh_triangles}. Raises SourceError."""
    vertices, faces = read_mesh(results / "mesh.ply")
    scores: dict[str, float] = {"mesh_triangles": len(faces)}
    for name, alignment in alignments(results, recording).items():
        of_pixels = pixel_scores(RayCaster(alignment(vertices), faces), recording)
        scores |= {f"mesh_{key}_{name}": round(value, 4) for key, value in of_pixels.items()}
    return scores


def read_mesh(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """-> vertices (V, 3), faces (F, 3); without any for a file without triangles. Raises SourceError without a file."""
    if not path.is_file():
        raise SourceError(f"{path}: no such file; only a run that ends well writes a mesh")
    mesh = trimesh.load(path, process=False)
    return (mesh.vertices, mesh.faces) if isinstance(mesh, trimesh.Trimesh) else (np.empty((0, 3)), np.empty((0, 3)))


def alignments(results: Path, recording: Path) -> dict[str, Alignment]:
    """-> {`sim3`, `se3`} of a run's trajectory to the ground truth. Raises SourceError where too few poses match."""
    (times_s, T_run), (true_times_s, T_true) = read_trajectory(results / "trajectory.txt"), true_trajectory(recording)
    i, j = matches(times_s, true_times_s)
    if len(i) < 3:
        raise SourceError(f"{results} and {recording} have fewer than three timestamps in common")
    scale = absolute_error(T_run[i, :3, 3], T_true[j, :3, 3], with_scale=True)[1]
    return {"sim3": fitting_poses(T_run[i], T_true[j], scale), "se3": fitting_poses(T_run[i], T_true[j], 1.0)}


def pixel_scores(caster: RayCaster, recording: Path) -> dict[str, float]:
    """Scores by name of a mesh that lies in the world of the ground truth."""
    count, error, factor = 0, [], []
    for view in measured_views(recording):
        depth_m = view.depth_m[::STRIDE, ::STRIDE]
        rays = view.camera.rays()[::STRIDE, ::STRIDE][depth_m > 0] @ view.T_world_cam[:3, :3].T
        depth_m = depth_m[depth_m > 0]
        count += len(depth_m)
        distance = caster.distances(view.T_world_cam[:3, 3], rays)
        ratio = distance[np.isfinite(distance)] / depth_m[np.isfinite(distance)]
        error.append(np.abs(ratio - 1))
        factor.append(np.maximum(ratio, 1 / np.maximum(ratio, 1e-6)))
    if not count:
        raise SourceError(f"{recording} has no measured depth")
    error, factor = np.concatenate(error), np.concatenate(factor)
    within = [float((error < limit).sum() / count) for limit in WITHIN]
    absrel = float(error.mean()) if len(error) else float("nan")
    return dict(zip(SCORES, (len(error) / count, absrel, *within, float((factor < WITHIN_FACTOR).sum() / count))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, metavar="RESULT_DIR")
    parser.add_argument("sequence", type=Path, metavar="SEQUENCE_DIR")
    arguments = parser.parse_args()
    scores = mesh_scores(arguments.results, arguments.sequence)
    table(["", "after Sim(3)", "own metres"], ([words, *(scores[f"mesh_{name}_{way}"] for way in ("sim3", "se3"))]
                                               for name, words in SCORES.items()))


if __name__ == "__main__":
    sys.exit(exit_code("mesh_accuracy", main))
