"""A walk through the synthetic room, from the command line to the mesh, against ground truth and the true room."""

import time

import numpy as np
import pytest
import trimesh

from sequences.sequence import SourceOptions
from sequences.synthetic import sequence as synthetic
from tests.helpers.slam_process import report_in, run_process

SOURCE = "7,frames=120,size=320x240"
LOOK_EVERY = 8
"""Frames from which the truly visible surface is taken."""


@pytest.fixture(scope="module")
def run(kernels, tmp_path_factory):
    """(folder, report, seconds it took)"""
    folder = tmp_path_factory.mktemp("end_to_end")
    start = time.perf_counter()
    process = run_process(f"synthetic:{SOURCE}", "--depth", "sensor", "--output", folder, "--fast", "--no-scene",
                          whole=True)
    assert process.returncode == 0, process.stderr
    return folder, report_in(folder), time.perf_counter() - start


@pytest.fixture(scope="module")
def truth(room):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "cached_room", lambda seed: room)
        return synthetic.SyntheticSequence(SOURCE, SourceOptions(depth_every=LOOK_EVERY))


@pytest.fixture(scope="module")
def mesh(run, truth):
    """The mesh in the room's own coordinates."""
    mesh = trimesh.load(run[0] / "mesh.ply", process=False)
    return mesh.apply_transform(truth.ground_truth[1][0])


def distances_m(points, vertices, triangles):
    """(N, 3) points -> (N,) distances to a surface."""
    import open3d as o3d
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(vertices.astype(np.float32), triangles.astype(np.uint32))
    return scene.compute_distance(o3d.core.Tensor(points.astype(np.float32))).numpy()


def test_every_frame_is_tracked(run):
    report = run[1]
    assert report["frames"] == report["tracked"] == 120 and report["lost"] == report["relocalised"] == 0
    assert report["keyframes"] > 2


def test_the_trajectory_is_true(run):
    report = run[1]
    assert report["path_m"] > 1.3 and report["ate_se3_m"] < 0.003 * report["path_m"]
    assert abs(report["ate_scale"] - 1) < 0.005


def test_the_mesh_lies_on_the_true_surfaces(mesh, room):
    points, _ = trimesh.sample.sample_surface(mesh, 50_000, seed=0)  # vertices are dense where the surface bends
    error_m = distances_m(points, room.shell.vertices_m, room.shell.triangles)
    assert np.median(error_m) < 0.002
    assert np.mean(error_m < 0.02) > 0.91


def test_the_mesh_covers_what_the_camera_saw(mesh, truth):
    seen = []
    for frame in truth:
        if frame.index % LOOK_EVERY == 0:
            points = frame.sensor_depth.camera.backproject(frame.sensor_depth.depth_m)[::5, ::5].reshape(-1, 3)
            seen.append(points @ frame.T_world_cam_true[:3, :3].T + frame.T_world_cam_true[:3, 3])
    error_m = distances_m(np.concatenate(seen), mesh.vertices, mesh.faces)
    assert np.mean(error_m < 0.03) > 0.9
