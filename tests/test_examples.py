"""Every example runs as a user would start it, on a few small images."""

import ast
import runpy
import signal
import sys

import cv2
import numpy as np
import pytest
import trimesh

import monofuse
from monofuse import Slam, read_trajectory
from tests.helpers.paths import ROOT
from tests.helpers.tiny_recordings import write_camera

EXAMPLES = ROOT / "examples"
FRAMES = 20


@pytest.fixture(scope="module")
def video(walk, tmp_path_factory):
    """The walk as a video, without loss, with its calibration next to it."""
    frames, camera = walk
    path = tmp_path_factory.mktemp("video") / "walk.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (camera.width, camera.height))
    for frame in frames[:FRAMES]:
        writer.write(frame.rgb[..., ::-1])
    writer.release()
    write_camera(path.with_suffix(".yaml"), camera)
    return path


@pytest.fixture
def start(kernels, monkeypatch):
    """A function that runs an example with arguments; what it does to Ctrl-C is undone."""
    handler = signal.getsignal(signal.SIGINT)

    def start_example(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    yield start_example
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def quick_mesh(monkeypatch):
    """The mesh takes most of the time and is another test's subject."""
    monkeypatch.setattr(Slam, "mesh", lambda self: trimesh.creation.icosphere())


def check_results(folder, poses):
    assert {file.name for file in folder.iterdir()} == {
        "trajectory.txt", "map.ply", "mesh.ply", "mesh.glb", "keyframes.zip"}
    assert len(read_trajectory(folder / "trajectory.txt")[0]) == poses
    assert len(trimesh.load(folder / "mesh.ply").faces) > 100


def test_every_example_is_tested_and_listed():
    names = sorted(file.name for file in EXAMPLES.glob("*.py"))
    tests, readme = (ROOT / "tests" / "test_examples.py").read_text(), (EXAMPLES / "README.md").read_text()
    assert names and all(f'"{name}"' in tests and f"({name})" in readme for name in names)
    assert [name[:2] for name in names] == [f"{number:02}" for number in range(1, len(names) + 1)]


def test_examples_use_nothing_but_the_library():
    """What they import of ours is public: names in monofuse.__all__."""
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    for path in EXAMPLES.glob("*.py"):
        imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        ours = [node for node in imports if str(node.module).split(".")[0] in rooms]
        assert ours and all(node.module == "monofuse" for node in ours), path.name
        assert {alias.name for node in ours for alias in node.names} <= set(monofuse.__all__), path.name


def test_a_folder_of_images(start, pristine_recording, tmp_path, capsys):
    start("01_folder_of_images.py", pristine_recording / "rgb", pristine_recording / "calibration.yaml", tmp_path)
    check_results(tmp_path, FRAMES)
    assert f"{FRAMES} of {FRAMES} images tracked" in capsys.readouterr().out


def test_an_own_camera_loop(start, quick_mesh, video, tmp_path, capsys):
    start("02_own_camera_loop.py", video, video.with_suffix(".yaml"), tmp_path)
    check_results(tmp_path, FRAMES)
    assert np.allclose(read_trajectory(tmp_path / "trajectory.txt")[0], np.arange(FRAMES) / 30, atol=1e-6)


def test_ctrl_c_ends_the_camera_loop_between_two_images(start, quick_mesh, video, tmp_path, monkeypatch, capsys):
    class Capture:
        """Stands in for webcam 0; the user presses Ctrl-C while it brings image 15."""
        def __init__(self, device):
            assert device == 0
            self.capture, self.count = VideoCapture(str(video)), 0

        def isOpened(self):
            return True

        def get(self, name):
            return 0.0

        def read(self):
            self.count += 1
            if self.count == 15:
                signal.raise_signal(signal.SIGINT)
            return self.capture.read()
    VideoCapture = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    start("02_own_camera_loop.py", "0", video.with_suffix(".yaml"), tmp_path)
    check_results(tmp_path, 15)


def test_an_own_depth_network(start, video, tmp_path, capsys):
    start("03_own_depth_network.py", video, video.with_suffix(".yaml"), tmp_path)
    check_results(tmp_path, FRAMES)


def test_a_finished_map_is_read(start, finished, capsys):
    start("04_read_finished_map.py", finished[1])
    out = capsys.readouterr().out
    assert "trajectory: 18 poses" in out and "mesh: " in out and "18 of 18 frames tracked" in out


@pytest.mark.parametrize("page", ["README.md", "docs/library.md"])
def test_the_lines_on_the_page_of_the_library(page, kernels, quick_mesh, pristine_recording, tmp_path, monkeypatch):
    (tmp_path / "images").symlink_to(pristine_recording / "rgb")
    (tmp_path / "camera.yaml").symlink_to(pristine_recording / "calibration.yaml")
    monkeypatch.chdir(tmp_path)
    code = (ROOT / page).read_text().split("```python", 1)[1].partition("```")[0]
    exec(code, {})
    check_results(tmp_path / "results" / "room", FRAMES)
