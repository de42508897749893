"""`monofuse export` and `monofuse mesh` on the map of a real run, read back by our own readers of these forms."""

import shutil

import numpy as np
import pytest
import trimesh
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from monofuse import export_command, mesh_command
from monofuse.maps.saved_map import SavedMap
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.slam_process import report_in, trajectory_in


@pytest.fixture
def result(finished, tmp_path):
    return shutil.copytree(finished[1], tmp_path / "result")


@pytest.mark.parametrize("form", ["colmap", "nerfstudio"])
def test_keyframes_with_images_and_depth_read_back(result, tmp_path, form):
    out = tmp_path / form
    assert export_command.main([str(result), "--format", form, "--output", str(out)]) == 0
    sequence = open_sequence(str(out), SourceOptions(depth_every=1 if form == "nerfstudio" else 0))
    frames = list(sequence)
    with SavedMap(result) as saved:
        keyframes, camera = list(saved.keyframes()), saved.camera
    assert len(frames) == len(keyframes) >= 1
    assert np.allclose(sequence.camera.K, camera.K, atol=1e-4) and sequence.camera.size == camera.size
    assert all(np.allclose(frame.T_world_cam_true, keyframe.T_world_key, atol=1e-5)
               for frame, keyframe in zip(frames, keyframes))
    if form == "colmap":  # has no depth images of its own
        return
    depth_m, rho = frames[0].sensor_depth.depth_m, keyframes[0].inverse_depth
    known = rho > 0
    assert depth_m.shape == rho.shape and np.abs(depth_m[known] * rho[known] - 1).max() < 0.01


def test_points_of_colmap_are_seen_where_they_say(result, tmp_path):
    assert export_command.main([str(result), "--format", "colmap", "--output", str(tmp_path / "out")]) == 0
    model = tmp_path / "out" / "sparse" / "0"
    points = np.loadtxt(model / "points3D.txt", usecols=range(4))
    lines = (model / "images.txt").read_text().splitlines()
    qw, *q = (float(word) for word in lines[0].split()[1:5])
    t = np.array(lines[0].split()[5:8], float)
    seen = np.array(lines[1].split(), float).reshape(-1, 3)
    with SavedMap(result) as saved:
        camera = saved.camera
    at = points[seen[:, 2].astype(int) - 1, 1:] @ Rotation.from_quat([*q, qw]).as_matrix().T + t
    assert np.abs(camera.project(at) + 0.5 - seen[:, :2]).max() < 0.02


def test_points_read_back(result, tmp_path):
    laspy = pytest.importorskip("laspy")
    for form in ("ply", "las"):
        assert export_command.main([str(result), "--format", form, "--output", str(tmp_path / form)]) == 0
    cloud = trimesh.load(tmp_path / "ply" / "points.ply")
    las = laspy.read(tmp_path / "las" / "points.las")
    assert len(cloud.vertices) == len(las.points) > 1000
    assert np.abs(np.column_stack([las.x, -np.array(las.z), las.y]) - cloud.vertices).max() < 1e-4, "z is up in LAS"
    assert np.array_equal(np.column_stack([las.red, las.green, las.blue]) // 257, cloud.colors[:, :3])
    away_m, _ = KDTree(cloud.vertices).query(trimesh.load(result / "map.ply").vertices)
    assert np.median(away_m) < 0.03, "map.ply holds fewer of the same points"


@pytest.mark.parametrize("form, name", [("tum", "trajectory.txt"), ("kitti", "poses.txt"), ("euroc", "trajectory.csv")])
def test_trajectories_read_back(result, tmp_path, form, name):
    assert export_command.main([str(result), "--format", form, "--output", str(tmp_path / "out")]) == 0
    positions = trajectory_in(result)[:, 1:4]
    numbers = np.loadtxt(tmp_path / "out" / name, delimiter="," if form == "euroc" else None)
    columns = {"tum": [1, 2, 3], "kitti": [3, 7, 11], "euroc": [1, 2, 3]}[form]
    assert np.allclose(numbers[:, columns], positions, atol=1e-6)


def test_an_export_overwrites_nothing(result, tmp_path, capsys):
    assert export_command.main([str(result), "--format", "tum", "--output", str(result)]) == 2
    assert export_command.main([str(tmp_path), "--format", "tum", "--output", str(tmp_path / "out")]) == 2
    count = report_in(result)["keyframes"]
    for rows in (f"0-{count - 1}", f"1,{count}"):
        words = ["--format", "colmap", "--output", str(tmp_path / "out"), "--drop", rows]
        assert export_command.main([str(result), *words]) == 2 and not (tmp_path / "out").exists()
    said = capsys.readouterr().err
    assert "choose a new folder" in said and "there is no map" in said and "no keyframe" in said
    assert f"--drop {count}: the map has keyframes 0 to {count - 1}" in said and said.count("\n") == 4


def test_a_mesh_is_made_anew(result, capsys):
    before = trimesh.load(result / "mesh.ply", process=False)
    middle, overview = before.bounds.mean(0), (result / "overview.png").read_bytes()
    box = ",".join(f"{value:.3f}" for value in [*before.bounds[0] - 1, middle[0], *before.bounds[1][1:] + 1])
    assert mesh_command.main([str(result), f"--crop={box}"]) == 0
    after = trimesh.load(result / "mesh.ply", process=False)
    assert 0 < len(after.faces) < len(before.faces) and after.bounds[1, 0] <= middle[0] + 1e-3
    assert report_in(result)["mesh"] == {"triangles": len(after.faces), "size_m": after.extents.round(3).tolist()}
    assert (result / "overview.png").read_bytes() != overview
    assert mesh_command.main([str(result), "--crop", "90,90,90,91,91,91"]) == 2
    assert mesh_command.main([str(result), "--set", "tracker.samples=9"]) == 2
    said = capsys.readouterr().err
    assert "nothing of the mesh" in said and "only mesh and texture" in said and said.count("\n") == 2
