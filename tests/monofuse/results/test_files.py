"""monofuse.results.files: every file read back by somebody else's reader, and files that cannot be written."""

import errno
import io
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from calib.base.errors import OutputError
from calib.files.tum_files import read_trajectory, trajectory_text
from calib.geometry import se3
from monofuse.results.files import ResultFolder, mesh_file, surfels_ply
from slam.config import SlamConfig
from slam.mapping.surfels import SurfelConfig, Surfels
from slam.system import SlamSystem
from tests.helpers import scenes
from tests.helpers.paths import ROOT


@pytest.fixture(scope="module")
def slam():
    slam = SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())
    for index, T_world_cam in enumerate(scenes.walk(5)):
        slam.process(scenes.frame(index, T_world_cam))
    slam.keyframes.T_world_key[0] = se3.exp(np.array([1.0, 2, 3, 0.1, 0.2, 0.3]))
    return slam


@pytest.fixture(scope="module")
def coloured_mesh():
    mesh = trimesh.creation.icosphere(subdivisions=3, radius=1.7)
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (len(mesh.vertices), 3), np.uint8)
    return trimesh.Trimesh(mesh.vertices + 5, mesh.faces, process=False, vertex_colors=colours,
                           vertex_normals=mesh.vertex_normals)


def test_a_trajectory_reads_back(tmp_path):
    rng = np.random.default_rng(0)
    T_world_cam = np.array([se3.exp(rng.normal(size=6)) for _ in range(50)])
    times_s = 1305031102.175304 + np.arange(50) / 30
    (tmp_path / "trajectory.txt").write_bytes(trajectory_text(times_s, T_world_cam))
    read_s, read = read_trajectory(tmp_path / "trajectory.txt")
    assert np.abs(read_s - times_s).max() < 1e-6 and np.abs(read - T_world_cam).max() < 1e-6
    rows = np.loadtxt(tmp_path / "trajectory.txt")
    assert rows.shape == (50, 8) and np.allclose(np.linalg.norm(rows[:, 4:], axis=1), 1, atol=1e-6)


def test_evo_reads_the_trajectory(tmp_path):
    file_interface = pytest.importorskip("evo.tools.file_interface")
    T_world_cam = np.array([se3.exp(np.full(6, 0.1 * k)) for k in range(9)])
    (tmp_path / "trajectory.txt").write_bytes(trajectory_text(np.arange(9.0), T_world_cam))
    path = file_interface.read_tum_trajectory_file(tmp_path / "trajectory.txt")
    assert np.allclose(path.poses_se3, T_world_cam, atol=1e-6) and np.allclose(path.timestamps, np.arange(9))


def test_no_poses_are_a_file_without_lines():
    text = trajectory_text(np.zeros(0), np.zeros((0, 4, 4)))
    assert [line for line in text.decode().splitlines() if not line.startswith("#")] == []


def test_surfels_read_back(slam, tmp_path):
    o3d = pytest.importorskip("open3d")
    (tmp_path / "map.ply").write_bytes(surfels_ply(slam.surfels, slam.keyframes.T_world_key))
    rows = slam.surfels.select(0)
    points, normals = slam.surfels.world_points(rows, slam.keyframes.T_world_key)
    assert len(rows) == len(slam.surfels) > 1000
    cloud = o3d.t.io.read_point_cloud(str(tmp_path / "map.ply"))
    assert np.allclose(cloud.point.positions.numpy(), points, atol=1e-6)
    assert np.allclose(cloud.point.normals.numpy(), normals, atol=1e-6)
    assert np.abs(cloud.point.colors.numpy() - slam.surfels.arrays.colour[rows]).max() <= 0.5
    for name in ("radius", "confidence"):
        values = cloud.point[name].numpy().ravel()
        assert np.array_equal(values, getattr(slam.surfels.arrays, name)[rows]), name
    cloud = trimesh.load(tmp_path / "map.ply")
    assert np.allclose(cloud.vertices, points, atol=1e-6)
    assert np.abs(cloud.colors[:, :3] - slam.surfels.arrays.colour[rows]).max() <= 0.5


def test_an_empty_map_is_a_file_without_surfels():
    data = surfels_ply(Surfels(SurfelConfig(max_surfels=1000)), np.eye(4)[None])
    assert b"element vertex 0\n" in data and data.endswith(b"end_header\n")


@pytest.mark.parametrize("file_format", ["ply", "obj"])
def test_meshes_read_back(coloured_mesh, file_format):
    data = mesh_file(coloured_mesh, file_format)
    assert isinstance(data, bytes)
    read = trimesh.load(io.BytesIO(data), file_type=file_format, process=False, force="mesh")
    assert np.allclose(read.vertices, coloured_mesh.vertices, atol=1e-5)
    assert np.array_equal(read.faces, coloured_mesh.faces)
    assert np.array_equal(read.visual.vertex_colors[:, :3], coloured_mesh.visual.vertex_colors[:, :3])


def test_open3d_reads_the_mesh(coloured_mesh, tmp_path):
    o3d = pytest.importorskip("open3d")
    (tmp_path / "mesh.ply").write_bytes(mesh_file(coloured_mesh, "ply"))
    read = o3d.io.read_triangle_mesh(str(tmp_path / "mesh.ply"))
    assert np.allclose(read.vertices, coloured_mesh.vertices, atol=1e-5)
    assert np.allclose(read.vertex_normals, coloured_mesh.vertex_normals, atol=1e-5)
    assert np.array_equal(np.round(np.asarray(read.vertex_colors) * 255), coloured_mesh.visual.vertex_colors[:, :3])


def test_folders_are_made_and_files_replaced(tmp_path):
    folder = ResultFolder(tmp_path / "a" / "b")
    folder.write("file", b"old")
    folder.write("file", b"new")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"new"
    assert os.listdir(tmp_path / "a" / "b") == ["file"]


@pytest.mark.parametrize("code, says", [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "the disk is full"),
                                        (errno.EIO, os.strerror(errno.EIO))])
def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch, code, says):
    folder = ResultFolder(tmp_path)
    folder.write("mesh.ply", b"old")

    def half(path, data):
        with open(path, "wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OutputError) as caught:
        folder.write("mesh.ply", bytes(2_000_000))
    assert says in str(caught.value) and "mesh.ply (2.0 MB)" in str(caught.value) and "\n" not in str(caught.value)
    assert (tmp_path / "mesh.ply").read_bytes() == b"old" and os.listdir(tmp_path) == ["mesh.ply"]


def test_a_file_over_the_size_limit_leaves_the_old_one(tmp_path):
    code = ("import resource, sys\nfrom calib.base.errors import OutputError\n"
            "from monofuse.results.files import ResultFolder\n"
            "folder = ResultFolder(sys.argv[1])\nfolder.write('map.ply', b'old')\n"
            f"resource.setrlimit(resource.RLIMIT_FSIZE, (1000, {resource.RLIM_INFINITY}))\n"
            "try:\n    folder.write('map.ply', bytes(5000))\nexcept OutputError as error:\n    print(error)\n")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "cannot write" in done.stdout and len(done.stdout.splitlines()) == 1, done.stderr
    assert (tmp_path / "map.ply").read_bytes() == b"old" and os.listdir(tmp_path) == ["map.ply"]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_in_the_place_of_the_folder_is_one_clear_line(tmp_path, place):
    (tmp_path / "file").write_bytes(b"precious")
    with pytest.raises(OutputError) as caught:
        ResultFolder(tmp_path / place)
    assert "there is a file in the place of the folder" in str(caught.value) and "--output" in str(caught.value)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2
    assert (tmp_path / "file").read_bytes() == b"precious"


def test_a_folder_that_vanishes_is_made_again(tmp_path):
    folder = ResultFolder(tmp_path / "results")
    os.rmdir(tmp_path / "results")
    folder.write("report.json", b"{}")
    assert (tmp_path / "results" / "report.json").read_bytes() == b"{}"


def test_only_results_of_older_runs_are_removed(tmp_path):
    """The folder may be the user's own."""
    (tmp_path / "part_2").mkdir()
    mine = ["part_list.csv", "part_1_map.ply.bak", "part_a_map.ply", "notes.txt"]
    for name in [*mine, "part_1_map.ply", "part_12_trajectory.txt", "mesh.ply", ".mesh.ply.77.part"]:
        (tmp_path / name).write_bytes(b"x")
    ResultFolder(tmp_path).clear()
    assert sorted(os.listdir(tmp_path)) == sorted([*mine, "part_2"])
