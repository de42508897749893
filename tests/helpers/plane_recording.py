"""A recording of a plane in TUM layout, and results that have it where it is, or elsewhere."""

import json

import cv2
import numpy as np
import trimesh

from calib.files.tum_files import trajectory_text
from calib.geometry import se3
from tests.helpers.tiny_recordings import CAMERA, SIZE, picture, write_camera, write_lines, write_rgb

PLANE_M = 2.0
"""The plane is z = PLANE_M in the world of the ground truth."""
COUNT = 12
TIMES_S = np.arange(COUNT) / 10
SIDE_M = 8.0


def true_poses():
    """(COUNT, 4, 4) cameras that look at the plane from here and there."""
    rng = np.random.default_rng(0)
    return np.array([se3.exp(np.concatenate([0.3 * rng.normal(size=3), 0.1 * rng.normal(size=3)]))
                     for _ in range(COUNT)])


def write_recording(folder, ground_truth="groundtruth.txt"):
    """Depth in millimetres at half the size of the images, its pixel (u, v) being (2u, 2v) of colour."""
    rays = CAMERA.rays()[::2, ::2]
    (folder / "depth").mkdir(parents=True)
    for k, T in enumerate(true_poses()):
        depth_m = (PLANE_M - T[2, 3]) / (rays @ T[2, :3])
        depth_m[0, 0] = 0
        cv2.imwrite(str(folder / "depth" / f"{k}.png"), np.round(1000 * depth_m).astype(np.uint16))
        write_rgb(folder / "rgb" / f"{k}.png", picture(k, SIZE))
    for kind in ("rgb", "depth"):
        write_lines(folder / f"{kind}.txt", [f"{t:.6f} {kind}/{k}.png" for k, t in enumerate(TIMES_S)])
    (folder / ground_truth).write_bytes(trajectory_text(TIMES_S, true_poses()))
    write_camera(folder / "calibration.yaml")
    return folder


def write_results(folder, scale=1.0, plane_m=PLANE_M, faces=((0, 1, 2), (0, 2, 3)), noise_m=0.0):
    """What a run would leave that has everything `scale` times too small in a world of its own, and the plane at
    plane_m of the true one; noise of its positions."""
    folder.mkdir(parents=True)
    S = se3.exp(np.array([1.0, -2, 3, 0.4, 0.5, -0.6]))
    T = S @ true_poses()
    T[:, :3, 3] += noise_m * np.random.default_rng(1).normal(size=(COUNT, 3))
    T[:, :3, 3] /= scale
    corners = SIDE_M * np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) + (0, 0, plane_m)
    mesh = trimesh.Trimesh((corners @ S[:3, :3].T + S[:3, 3]) / scale, np.array(faces), process=False)
    (folder / "mesh.ply").write_bytes(mesh.export(file_type="ply"))
    (folder / "trajectory.txt").write_bytes(trajectory_text(TIMES_S, T))
    (folder / "report.json").write_text(json.dumps({"frames": COUNT, "fps": 50.0, "peak_memory_mb": 700.0}))
    return folder
