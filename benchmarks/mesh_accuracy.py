#!/usr/bin/env python3
"""Share of measured depth pixels that a mesh explains: python -m benchmarks.mesh_accuracy RESULT_DIR SEQUENCE_DIR

The mesh is ray-cast at the pixels of the sequence's depth maps, every tenth frame. A pixel counts as right where the
mesh is there and within 10 % of the measurement; pixels that the mesh does not cover count as wrong. First from the
estimated cameras (is the mesh what the cameras saw?), and from those of the ground truth, brought to the mesh's world
by the similarity that fits positions and orientations of all cameras best (is it also in the right place?). A third
time with the similarity that fits positions alone (Umeyama 1991): about a short trajectory it turns freely.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import trimesh
from scipy.spatial.transform import Rotation

from benchmarks.ray_caster import RayCaster
from calib.base.command_line import exit_code
from calib.base.errors import SourceError
from calib.files.association import associate
from calib.files.tum_files import read_trajectory
from calib.geometry.sim3 import umeyama
from sequences.datasets.tum import TumSequence
from sequences.sequence import SourceOptions

EVERY = 10
WITHIN = 0.1
STRIDE = 4
"""Pixels left out between rays, each way."""


def mesh_scores(results: Path, sequence: str | Path) -> np.ndarray:
    """-> (3,) shares right from the estimated cameras, the ground truth's, and those aligned by positions alone."""
    mesh = trimesh.load(results / "mesh.ply", process=False)
    assert isinstance(mesh, trimesh.Trimesh)
    caster = RayCaster(mesh)
    times_s, T_est = read_trajectory(results / "trajectory.txt")
    source = TumSequence(str(sequence), SourceOptions(depth_every=EVERY))
    if source.ground_truth is None:
        raise SourceError(f"{sequence} has no ground truth")
    true_times_s, T_true = source.ground_truth
    i, j = associate(times_s, true_times_s, 0.02)
    fits = fitting_poses(T_true[j], T_est[i]), fitting_positions(T_true[j], T_est[i])
    right = np.zeros(3)
    count = 0
    for frame in source:
        if frame.sensor_depth is None or frame.T_world_cam_true is None:
            continue
        nearest = int(np.abs(times_s - frame.timestamp_s).argmin())
        depth = frame.sensor_depth
        depth_m = depth.depth_m[::STRIDE, ::STRIDE]
        rays = depth.camera.rays()[::STRIDE, ::STRIDE][depth_m > 0]
        depth_m = depth_m[depth_m > 0]
        count += len(depth_m)
        if abs(times_s[nearest] - frame.timestamp_s) < 0.02:
            right[0] += hits(caster, T_est[nearest], rays, fits[0][0] * depth_m)
        for k, (scale, R, t) in enumerate(fits, 1):
            T_mesh_cam = frame.T_world_cam_true.copy()
            T_mesh_cam[:3, :3], T_mesh_cam[:3, 3] = R @ T_mesh_cam[:3, :3], scale * R @ T_mesh_cam[:3, 3] + t
            right[k] += hits(caster, T_mesh_cam, rays, scale * depth_m)
    return right / count


def hits(caster: RayCaster, T_world_cam: np.ndarray, rays: np.ndarray, depth_m: np.ndarray) -> int:
    """How many rays (N, 3) with z = 1 meet the mesh within WITHIN of depth_m (N,)."""
    origins = np.broadcast_to(T_world_cam[:3, 3], rays.shape)
    distance = caster.cast(origins, rays @ T_world_cam[:3, :3].T)[0]
    return int(np.sum(np.abs(distance / depth_m - 1) < WITHIN))


def fitting_poses(T_a: np.ndarray, T_b: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Cameras (N, 4, 4) in two worlds -> (scale, R, t) with b = scale R a + t: rotation by the cameras' orientations,
    scale by the spread of their positions along it, translation by their means."""
    R = Rotation.from_matrix(T_b[:, :3, :3] @ np.swapaxes(T_a[:, :3, :3], 1, 2)).mean().as_matrix()
    a, b = T_a[:, :3, 3], T_b[:, :3, 3]
    a_centred, b_centred = (a - a.mean(0)) @ R.T, b - b.mean(0)
    scale = float((a_centred * b_centred).sum() / (a_centred**2).sum())
    return scale, R, b.mean(0) - scale * R @ a.mean(0)


def fitting_positions(T_a: np.ndarray, T_b: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Cameras (N, 4, 4) in two worlds -> (scale, R, t) with b = scale R a + t, by their positions alone."""
    return umeyama(T_a[:, :3, 3], T_b[:, :3, 3], with_scale=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, metavar="RESULT_DIR")
    parser.add_argument("sequence", type=Path, metavar="SEQUENCE_DIR")
    arguments = parser.parse_args()
    own, true, by_position = 100 * mesh_scores(arguments.results, arguments.sequence)
    print(f"within 10 %: {own:.1f} % from the estimated cameras, {true:.1f} % from the ground truth's, "
          f"{by_position:.1f} % from these aligned by positions alone")


if __name__ == "__main__":
    sys.exit(exit_code("mesh_accuracy", main))
