"""Good runs from the command line: every option, every file, and what is on the screen."""

import re
import subprocess
import sys
from importlib.util import find_spec

import cv2
import numpy as np
import pytest
import trimesh

from calib.focal.estimate import FocalEstimate
from monofuse import run as run_slam
from sequences.synthetic import sequence as synthetic
from tests.helpers.onnx_file import bright_is_near
from tests.helpers.slam_process import PATIENCE_S, PROGRAM, SHORT, read_surfels, report_in, trajectory_in
from tests.helpers.tiny_recordings import write_camera

SCENE = ["scene.html"] if find_spec("viser") else []
"""What viser writes."""
CONTRACT = {"fps", "frames", "tracked", "lost", "relocalised", "keyframes", "loops", "surfels", "peak_memory_mb",
            "stages", "versions", "configuration", "ate_se3_m", "ate_sim3_m", "ate_scale", "rpe_1s_m", "ended"}
"""Keys of report.json that scripts may rely on, for a source with ground truth."""


def test_a_run_leaves_all_its_files(finished):
    process, folder, _ = finished
    assert process.returncode == 0 and process.stderr == ""
    assert {file.name for file in folder.iterdir()} == {
        "trajectory.txt", "map.ply", "mesh.ply", "mesh.obj", "mesh.mtl", "mesh.png", "mesh.glb", "overview.png",
        "report.json", "map.db", "keyframes.zip", *SCENE}
    assert cv2.imread(str(folder / "overview.png")).std() > 10


def test_the_trajectory_is_that_of_the_source(finished, walk):
    frames, _ = walk
    trajectory = trajectory_in(finished[1])
    assert np.allclose(trajectory[:, 0], [frame.timestamp_s for frame in frames[:18]], atol=1e-6)
    truth = np.array([np.linalg.inv(frames[0].T_world_cam_true) @ frame.T_world_cam_true for frame in frames[:18]])
    assert np.abs(trajectory[:, 1:4] - truth[:, :3, 3]).max() < 0.005
    assert np.allclose(np.linalg.norm(trajectory[:, 4:], axis=1), 1, atol=1e-5)


def test_meshes_in_all_formats_are_the_same_surface(finished):
    meshes = [trimesh.load(finished[1] / f"mesh.{suffix}", force="mesh", process=False)
              for suffix in ("ply", "obj", "glb")]
    for mesh in meshes:
        assert mesh.faces.shape == meshes[0].faces.shape and len(mesh.faces) > 1000
        colours = mesh.visual.to_color() if mesh.visual.kind == "texture" else mesh.visual
        assert np.asarray(colours.vertex_colors)[:, :3].std() > 10
    assert np.allclose(meshes[1].bounds, meshes[0].bounds, atol=1e-4)
    assert np.allclose(np.sort(np.linalg.norm(meshes[2].triangles, axis=2).ravel()),
                       np.sort(np.linalg.norm(meshes[0].triangles, axis=2).ravel()), atol=1e-4), "turned, not moved"
    assert meshes[1].visual.kind == meshes[2].visual.kind == "texture"


def test_the_map_keeps_to_its_cap(finished):
    surfels, report = read_surfels(finished[1] / "map.ply"), report_in(finished[1])
    assert len(surfels) == report["surfels"] <= 8000
    assert report["evicted_surfels"] > 0
    normals = np.stack([surfels[name] for name in ("nx", "ny", "nz")], 1)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-3)
    assert surfels["radius"].min() > 0 and surfels["confidence"].min() > 0


def test_the_report_has_what_scripts_read(finished, pristine_recording):
    report = report_in(finished[1])
    assert CONTRACT - {"rpe_1s_m"} <= set(report), "the walk is shorter than a second"
    assert (report["frames"], report["tracked"], report["lost"], report["skipped"]) == (18, 18, 0, 0)
    assert report["ended"] == "complete" and report["problems"] == [] and report["fps"] > 0
    assert report["ate_se3_m"] < 0.005 and abs(report["ate_scale"] - 1) < 0.05
    for name in ("prepare", "track", "render", "fuse", "keyframe"):
        assert 0 < report["stages"][name]["median_ms"] <= report["stages"][name]["p95_ms"]
    assert report["arguments"]["source"] == str(pristine_recording)
    assert 100 < report["peak_memory_mb"] < 4000


def test_a_pipe_gets_a_few_plain_lines(finished):
    output = finished[0].stdout
    assert re.fullmatch(r"[ -~\n]*", output), "no control characters"
    assert len(output.splitlines()) < 25 and max(map(len, output.replace(str(finished[1]), "").splitlines())) < 160
    assert "18 read, 18 tracked, 0 lost" in output and f"{finished[1]}: " in output


def test_nobody_reading_the_output_does_not_end_a_run(recording, tmp_path):
    """As in `run_slam.py | head -n 1`."""
    command = [sys.executable, str(PROGRAM), str(recording), "--depth", "sensor", "--output", str(tmp_path / "out"),
               "--max-frames", "6", *SHORT]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(PATIENCE_S) == 0 and errors == ""
    assert report_in(tmp_path / "out")["tracked"] == 6 and (tmp_path / "out" / "mesh.ply").exists()


def test_older_results_make_way(recording, tmp_path, capsys):
    for name in ("mesh.obj", "mesh.glb", "overview.png", ".mesh.ply.part", "notes.md"):
        (tmp_path / name).write_text("old")
    options = ["--depth", "sensor", "--output", str(tmp_path), "--max-frames", "6"]
    assert run_slam.main([str(recording), *options, *SHORT]) == 0
    results = {file.name for file in tmp_path.iterdir() if file.is_file()}
    assert results == {"trajectory.txt", "map.ply", "mesh.ply", "mesh.glb", "overview.png", "report.json", "notes.md",
                       "map.db", "keyframes.zip"}
    assert (tmp_path / "mesh.glb").read_bytes().startswith(b"glTF")
    assert (tmp_path / "overview.png").read_bytes() != b"old"


def test_a_refused_run_leaves_older_results_alone(recording, tmp_path, capsys):
    (tmp_path / "mesh.obj").write_text("old")
    (recording / "calibration.yaml").write_text("width: 0\n")
    assert run_slam.main([str(recording), "--output", str(tmp_path)]) == 2
    assert (tmp_path / "mesh.obj").read_text() == "old"


def test_a_video_with_a_network(walk, tmp_path, capsys):
    frames, camera = walk
    size = camera.width, camera.height
    video = cv2.VideoWriter(str(tmp_path / "walk.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 30, size)
    for frame in frames[:12]:
        video.write(frame.rgb[..., ::-1])
    video.release()
    write_camera(tmp_path / "camera.yaml", camera.resized((2 * camera.height, 2 * camera.width)))
    assert run_slam.main([str(tmp_path / "walk.avi"), "--calibration", str(tmp_path / "camera.yaml"),
                          *bright_is_near(tmp_path), *SHORT, "--output", str(tmp_path / "out")]) == 0
    assert "bright_is_near.onnx, run by onnx, for keyframes\n" in capsys.readouterr().out
    report = report_in(tmp_path / "out")
    assert report["frames"] == 12 and report["tracked"] >= 10
    assert report["stages"]["network"]["calls"] == report["predictions_made"] == report["keyframes"]
    assert report["camera"]["width"] == camera.width and abs(report["camera"]["fx"] - camera.fx) < 1e-6
    assert "ate_se3_m" not in report


def test_a_video_alone_is_enough(walk, tmp_path, monkeypatch, capsys):
    frames, camera = walk
    video = cv2.VideoWriter(str(tmp_path / "walk.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 30, camera.size[::-1])
    for frame in frames[:6]:
        video.write(frame.rgb[..., ::-1])
    video.release()
    monkeypatch.setattr("calib.unknown_camera.estimate_camera",
                        lambda grays, *guess: FocalEstimate(camera, 0.05, 3, len(list(grays))))
    assert run_slam.main([str(tmp_path / "walk.avi"), *SHORT, "--output", str(tmp_path / "out")]) == 0
    screen, report = capsys.readouterr().out, report_in(tmp_path / "out")
    assert "its focal length is estimated; --calibration FILE is surer" in screen
    assert "mobile, run by onnx" in screen and "--depth sensor" not in screen
    assert report["tracked"] == 6 and report["camera"]["fx"] == pytest.approx(camera.fx)
    assert (tmp_path / "out" / "estimated_camera.yaml").exists()


def test_the_seed_chooses_the_room(room, monkeypatch, tmp_path, capsys):
    asked = []
    monkeypatch.setattr(synthetic, "cached_room", lambda seed: asked.append(seed) or room)
    assert run_slam.main(["synthetic:frames=6,size=160x120", "--seed", "5", "--depth", "sensor", *SHORT,
                          "--output", str(tmp_path)]) == 0
    assert asked == [5] and report_in(tmp_path)["source"] == "synthetic-5"


def test_one_frame_is_tracked_but_is_no_mesh(recording, tmp_path, capsys):
    options = ["--depth", "sensor", "--output", str(tmp_path), "--max-frames", "1"]
    assert run_slam.main([str(recording), *options, *SHORT]) == 1
    assert "a mesh needs" in capsys.readouterr().err
    assert len(trajectory_in(tmp_path)) == 1 and len(read_surfels(tmp_path / "map.ply")) > 1000
    assert report_in(tmp_path)["ended"] == "failed" and not (tmp_path / "mesh.ply").exists()
    assert cv2.imread(str(tmp_path / "overview.png")).std() > 5


def test_results_go_to_a_folder_named_after_the_source(recording, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_slam.main([str(recording), "--depth", "sensor", "--max-frames", "1", *SHORT])
    assert (tmp_path / "results" / "walk" / "trajectory.txt").exists()
    assert "results/walk: trajectory.txt" in capsys.readouterr().out


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as caught:
        run_slam.main(["--help"])
    text = capsys.readouterr().out
    assert caught.value.code == 0
    for word in ("SOURCE", "synthetic", "tum", "images", "video", "--output", "--depth", "--depth-option", "--runtime",
                 "webcam", "realsense", "--device", "--calibration", "--scale", "--record", "--max-frames",
                 "--max-surfels", "--mesh", "--viewer", "--seed"):
        assert word in text
