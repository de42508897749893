"""Every recorded dataset, in a small sample of the synthetic room: what comes out is what the renderer knows."""

import json

import numpy as np
import pytest

from calib.geometry.camera import Camera
from calib.geometry.rectification import Rectifier, rectified
from calib.geometry.se3 import inverse
from monofuse import run as run_slam
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.dataset_samples import SAMPLE_FRAMES, WITH_DEPTH, WITH_GROUND_TRUTH, WRITERS
from tests.helpers.opening import opened
from tests.helpers.slam_process import SHORT
from tests.helpers.tiny_recordings import write_camera


@pytest.mark.parametrize("name", WRITERS)
def test_recognised_and_named(samples, name):
    sample = samples(name)
    recognised = open_sequence(str(sample.source), SourceOptions())
    named = open_sequence(f"{WRITERS[name][0]}:{sample.source}", SourceOptions())
    assert type(recognised) is type(named) and recognised.name == named.name
    assert recognised.frame_count == SAMPLE_FRAMES and recognised.skipped.reasons == []
    assert (recognised.ground_truth is not None) == sample.has_ground_truth
    assert all(frame.sensor_depth is None for frame in recognised)
    assert open_sequence(str(sample.source), SourceOptions(depth_every=2)).has_depth == (name in WITH_DEPTH)


@pytest.mark.parametrize("name", WRITERS)
def test_images_are_what_the_camera_sees(samples, studio, name):
    sample, sequence = samples(name), opened(samples(name))
    frames = list(sequence)
    assert [frame.index for frame in frames] == list(range(SAMPLE_FRAMES)) and sequence.skipped.reasons == []
    assert np.all(np.diff([frame.timestamp_s for frame in frames]) > 0.01)
    camera = sequence.camera
    assert camera.size == sample.camera.size and camera.distortion == sample.camera.distortion
    assert np.allclose(camera.pinhole, sample.camera.pinhole, rtol=1e-4, atol=0)
    for frame, T_world_cam in zip(frames, sample.T_world_cam):
        seen = studio.shoot(camera, T_world_cam)[0].astype(float) @ (0.299, 0.587, 0.114)
        assert np.median(np.abs(frame.rgb.astype(float) @ (0.299, 0.587, 0.114) - seen)) < 4, "but for compression"


@pytest.mark.parametrize("name", WITH_DEPTH)
def test_depth_is_that_of_the_room(samples, studio, name):
    sample = samples(name)
    for frame, T_world_cam in zip(opened(sample), sample.T_world_cam):
        depth = frame.sensor_depth
        known, exact_m = depth.depth_m > 0, studio.shoot(depth.camera, T_world_cam)[1]
        step_m = exact_m**2 / 351.3 if name == "nyu_raw" else 0.001
        wrong = np.abs(depth.depth_m - exact_m)[known] > (0.005 * exact_m + step_m)[known]
        assert depth.depth_m.dtype == np.float32 and known.mean() > 0.75 and wrong.mean() < 0.05


@pytest.mark.parametrize("name", WITH_GROUND_TRUTH)
def test_poses_are_those_of_the_colour_camera(samples, name):
    sample, sequence = samples(name), opened(samples(name))
    frames, (times_s, T_world_cam_true) = list(sequence), sequence.ground_truth
    assert np.allclose(times_s, [frame.timestamp_s for frame in frames], atol=1e-3)
    for frame, T_true, T_world_cam in zip(frames, T_world_cam_true, sample.T_world_cam):
        moved = inverse(frames[0].T_world_cam_true) @ frame.T_world_cam_true
        assert np.allclose(moved, inverse(sample.T_world_cam[0]) @ T_world_cam, atol=1e-5)
        assert np.array_equal(T_true, frame.T_world_cam_true)


@pytest.mark.parametrize("name", [name for name in WITH_DEPTH if name in WITH_GROUND_TRUTH])
def test_depth_moved_by_the_poses_meets_later_depth(samples, name):
    """The recording against itself, as SLAM gets it: without distortion."""
    sequence = opened(samples(name))
    first, *_, last = rectified(sequence, Rectifier(sequence.camera))
    a, b = first.sensor_depth, last.sensor_depth
    T_b_a = inverse(last.T_world_cam_true) @ first.T_world_cam_true
    assert np.linalg.norm(T_b_a[:3, 3]) > 0.03 and not a.camera.is_distorted
    points = a.camera.backproject(a.depth_m)[a.depth_m > 0] @ T_b_a[:3, :3].T + T_b_a[:3, 3]
    u, v = np.rint(b.camera.project(points)).astype(int).T
    inside = (u >= 0) & (u < b.camera.width) & (v >= 0) & (v < b.camera.height)
    met_m, z_m = b.depth_m[v[inside], u[inside]], points[inside, 2]
    assert np.median(np.abs(met_m - z_m)[met_m > 0] / z_m[met_m > 0]) < 0.005


@pytest.mark.parametrize("name", [name if name == "record3d" else
                                  pytest.param(name, marks=pytest.mark.heavy) for name in WRITERS])
def test_runs_to_a_mesh(samples, name, kernels, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("monofuse.saving.overview", lambda session, mesh, texture: np.zeros((8, 8, 3), np.uint8))
    depth = ["--depth", "sensor"] if samples(name).has_depth else ["--adapt", "off"]
    options = [*depth, "--max-frames", "5", *SHORT]
    assert run_slam.main([str(samples(name).source), *options, "--output", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["frames"], report["tracked"], report["skipped"]) == (5, 5, 0)
    assert (tmp_path / "mesh.ply").stat().st_size > 10_000
    if name in WITH_GROUND_TRUTH:
        assert report["ate_sim3_m"] < 0.005 and (report["ate_se3_m"] < 0.003 or depth)


@pytest.mark.parametrize("name", WRITERS)
def test_options_of_every_recording(samples, name, tmp_path):
    sample = samples(name)
    size = sample.camera.size
    write_camera(tmp_path / "mine.yaml", Camera(size[1], size[0], 321.0, 321.0, size[1] / 2, size[0] / 2))
    sequence = opened(sample, max_frames=3, calibration_file=tmp_path / "mine.yaml", depth_every=2)
    frames = list(sequence)
    assert sequence.frame_count == len(frames) == 3 and sequence.camera.fx == 321 and not sequence.camera.is_distorted
    assert [frame.sensor_depth is not None for frame in frames] == [sample.has_depth, False, sample.has_depth]
