"""The library: the same results as the program, what it takes, and what it refuses."""

import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

import monofuse
from calib.formats.calibration_file import Calibration, write_calibration
from depth.estimator import DepthPrediction
from monofuse import MonofuseError, Slam, SlamConfig, run
from monofuse.checked_input import checked_depth
from tests.helpers import scenes
from tests.helpers.onnx_file import bright_is_near
from tests.helpers.paths import ROOT
from tests.helpers.slam_process import MESH_CELLS, SHORT

FRAMES = 12


def images(recording, count):
    """(time_s, rgb, depth_m) of a recording in TUM layout, read as a user of the library would."""
    for line in (recording / "rgb.txt").read_text().splitlines()[1: count + 1]:
        time_s, file = line.split()
        bgr = cv2.imread(str(recording / file))
        depth_mm = cv2.imread(str(recording / file.replace("rgb/", "depth/")), cv2.IMREAD_UNCHANGED)
        yield float(time_s), bgr[..., ::-1], depth_mm.astype(np.float32) / 1000


def finished_slam(slam, recording, count=FRAMES, with_depth=False):
    for time_s, rgb, depth_m in images(recording, count):
        slam.track(rgb, time_s, depth_m if with_depth else None)
    slam.finish()
    return slam


def bright_depth(rgb):
    """What the network of bright_is_near predicts, at a quarter of the size."""
    red = cv2.resize(rgb, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)[..., 0]
    return 3.0 - red / 255


@pytest.fixture(scope="module")
def boxed(kernels):
    """A finished Slam over a walk through the box, and the true T_world_cam."""
    slam = Slam(scenes.CAMERA, depth="sensor")
    T_world_cam = scenes.walk(8)
    for index, T in enumerate(T_world_cam):
        rgb, depth_m = scenes.picture(T)
        result = slam.track(rgb, index / 30, depth_m)
        assert result.status == "tracked" and np.allclose(result.T_world_cam, T, atol=0.01)
    slam.finish()
    return slam, np.array(T_world_cam)


@pytest.fixture
def slam():
    return Slam(scenes.CAMERA, depth="sensor")


def test_with_a_sensor_it_leaves_the_files_of_the_program(finished, pristine_recording, tmp_path):
    config = SlamConfig.for_sensor()
    config = replace(config, surfels=replace(config.surfels, max_surfels=8000), mesh=replace(
        config.mesh, surfels=replace(config.mesh.surfels, max_cells=MESH_CELLS)))
    camera = monofuse.read_calibration(pristine_recording / "calibration.yaml").camera
    slam = finished_slam(Slam(camera, depth="sensor", config=config), pristine_recording, 18, with_depth=True)
    slam.save(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "keyframes.zip", "map.ply", "mesh.glb", "mesh.ply", "trajectory.txt"]
    for file in tmp_path.iterdir():
        assert file.read_bytes() == (finished[1] / file.name).read_bytes(), file.name


def test_with_a_network_and_a_lens_it_leaves_the_files_of_the_program(recording, kernels, tmp_path, capsys):
    camera = monofuse.read_calibration(recording / "calibration.yaml").camera
    camera = replace(camera, distortion=(-0.05, 0.01, 0.0, 0.0))
    write_calibration(recording / "calibration.yaml", Calibration(camera))
    network = bright_is_near(tmp_path)
    assert run.main([str(recording), *network, "--adapt", "off", "--max-frames", str(FRAMES), "--no-scene",
                     "--output", str(tmp_path / "out")]) == 0
    estimator = monofuse.open_estimator(network[1], {"scale": "0.01", "size": "48,64"}, "onnx")
    slam = finished_slam(Slam(camera, depth=estimator), recording)
    slam.save(tmp_path / "saved")
    for file in (tmp_path / "saved").iterdir():
        assert file.read_bytes() == (tmp_path / "out" / file.name).read_bytes(), file.name
    assert slam.camera.size == camera.size and not slam.camera.is_distorted


def test_depth_of_a_distorted_camera_is_rectified_like_its_image(recording, kernels, tmp_path, capsys):
    camera = monofuse.read_calibration(recording / "calibration.yaml").camera
    camera = replace(camera, distortion=(-0.05, 0.01, 0.0, 0.0))
    write_calibration(recording / "calibration.yaml", Calibration(camera))
    run.main([str(recording), "--depth", "sensor", "--max-frames", "6", *SHORT, "--output", str(tmp_path / "out")])
    slam = finished_slam(Slam(camera, depth="sensor"), recording, 6, with_depth=True)
    slam.save_trajectory(tmp_path / "trajectory.txt")
    assert (tmp_path / "trajectory.txt").read_bytes() == (tmp_path / "out" / "trajectory.txt").read_bytes()


def test_a_function_and_an_object_are_networks(pristine_recording, kernels):
    class Predictor:
        def predict(self, rgb, camera):
            depth_m = bright_depth(rgb)
            return DepthPrediction(depth_m, np.full(depth_m.shape, -2.0), 1.0)
    camera = monofuse.read_calibration(pristine_recording / "calibration.yaml").camera
    told = []
    slam = Slam(camera, depth=bright_depth, final=True)
    finished_slam(slam, pristine_recording)
    assert len(slam.trajectory()[0]) >= 10 and len(slam.system.stage_times.ms["network"]) == len(slam.system.keyframes)
    slam = Slam(camera, depth=Predictor(), final=True)
    for time_s, rgb, _ in images(pristine_recording, FRAMES):
        slam.track(rgb, time_s)
    slam.finish(lambda text, share: told.append((text, share)))
    assert len(slam.trajectory()[0]) >= 10
    assert list(dict.fromkeys(text for text, _ in told)) == [
        "adjusting all keyframes", "estimating the keyframes' depth", "building the final map"]
    assert told[-1][1] == 1.0 and all(0 <= share <= 1 for _, share in told)


def test_depth_predicted_beforehand_is_as_good_as_a_network(boxed):
    predicting = Slam(scenes.CAMERA, bright_depth)
    given = Slam(scenes.CAMERA, "sensor", config=SlamConfig.for_network())
    for index, T in enumerate(scenes.walk(4)):
        rgb, _ = scenes.picture(T)
        results = predicting.track(rgb, index / 30), given.track(rgb, index / 30, bright_depth(rgb))
        assert np.allclose(results[0].T_world_cam, results[1].T_world_cam, atol=1e-3)


def test_the_shipped_network_is_the_default(pristine_recording, kernels):
    slam = Slam(monofuse.read_calibration(pristine_recording / "calibration.yaml").camera)
    assert not slam.config.depth_is_measured
    for time_s, rgb, _ in images(pristine_recording, 2):
        assert slam.track(rgb, time_s).status == "tracked"


def test_trajectory_and_files_agree(boxed, tmp_path):
    slam, T_true = boxed
    times_s, T_world_cam = slam.trajectory()
    assert np.allclose(times_s, np.arange(8) / 30) and np.allclose(T_world_cam, T_true, atol=0.01)
    slam.save_trajectory(tmp_path / "new" / "trajectory.txt")
    read_s, T_read = monofuse.read_trajectory(tmp_path / "new" / "trajectory.txt")
    assert np.allclose(read_s, times_s, atol=1e-6) and np.allclose(T_read, T_world_cam, atol=1e-6)


def test_mesh_and_points_lie_on_the_walls(boxed):
    slam, _ = boxed
    cloud, mesh = slam.point_cloud(), slam.mesh()
    for points in (cloud.points_m[cloud.confidence >= 3], mesh.vertices):
        assert len(points) > 1000
        assert np.median(np.abs(np.abs(points) / scenes.HALF_SIZE_M - 1).min(1)) < 0.02
    assert np.allclose(np.linalg.norm(cloud.normals, axis=1), 1, atol=1e-3)
    assert cloud.colours.shape == cloud.points_m.shape and cloud.colours.dtype == np.uint8


def test_a_buffer_may_be_used_again(boxed):
    """As cameras do that write every image into the same memory."""
    again = Slam(scenes.CAMERA, depth="sensor")
    rgb, depth_m = np.empty((*scenes.CAMERA.size, 3), np.uint8), np.empty(scenes.CAMERA.size, np.float32)
    for index, T in enumerate(scenes.walk(8)):
        rgb[:], depth_m[:] = scenes.picture(T)
        again.track(rgb, index / 30, depth_m)
    rgb[:], depth_m[:] = 0, 0
    again.finish()
    assert np.array_equal(again.trajectory()[1], boxed[0].trajectory()[1])
    assert np.array_equal(again.point_cloud().points_m, boxed[0].point_cloud().points_m)


def test_what_is_no_reading_becomes_zero():
    depth_m = np.ones((120, 160))
    depth_m[0, :4] = np.nan, np.inf, -np.inf, -1
    checked = checked_depth(depth_m, scenes.CAMERA)
    assert checked.dtype == np.float32 and (checked[0, :4] == 0).all() and (checked.ravel()[4:] == 1).all()


@pytest.mark.parametrize("rgb, said", [
    (np.zeros((120, 160, 3)), r"of uint8, not \(120, 160, 3\) of float64"),
    (np.zeros((120, 160), np.uint8), r"not \(120, 160\) of uint8"),
    (np.zeros((120, 160, 4), np.uint8), r"not \(120, 160, 4\) of uint8"),
    (np.zeros((240, 320, 3), np.uint8), "the camera is 160x120 but this image is 320x240"),
    ("image.png", "not str")])
def test_what_is_no_image_of_the_camera_is_refused(slam, rgb, said):
    with pytest.raises(MonofuseError, match=said):
        slam.track(rgb, 0.0)


@pytest.mark.parametrize("depth_m, said", [
    (np.zeros((120, 160), np.uint16), r"floats in metres, not \(120, 160\) of uint16"),
    (np.zeros((120, 160, 1)), "floats in metres"),
    (np.zeros((0, 0)), "registered"),
    (np.zeros((120, 120)), "depth_m is 120x120, another shape than the 160x120 colour image")])
def test_what_is_no_depth_of_the_image_is_refused(slam, depth_m, said):
    with pytest.raises(MonofuseError, match=said):
        slam.track(scenes.picture(np.eye(4))[0], 0.0, depth_m)


@pytest.mark.parametrize("time_s", [1.0, 0.5, np.nan, np.inf, "later", None])
def test_times_must_increase_and_a_refused_image_leaves_no_trace(kernels, slam, time_s):
    rgb, depth_m = scenes.picture(np.eye(4))
    slam.track(rgb, 1.0, depth_m)
    with pytest.raises(MonofuseError, match="time_s must"):
        slam.track(rgb, time_s, depth_m)
    assert slam.track(rgb, 1.1, depth_m).index == 1


@pytest.mark.parametrize("arguments, said", [
    (("camera.yaml",), "read_calibration"),
    ((scenes.CAMERA, 3), "depth must be"),
    ((scenes.CAMERA, "no_such.onnx"), "no_such.onnx"),
    ((scenes.CAMERA, "no_such_name"), "no_such_name")])
def test_what_cannot_be_set_up_is_refused(arguments, said):
    with pytest.raises(MonofuseError, match=said):
        Slam(*arguments)


def test_options_that_contradict_each_other_are_refused():
    with pytest.raises(MonofuseError, match="is for measured depth"):
        Slam(scenes.CAMERA, bright_depth, config=SlamConfig.for_sensor())
    with pytest.raises(MonofuseError, match='depth="sensor"'):
        Slam(scenes.CAMERA, bright_depth).track(*scenes.picture(np.eye(4))[:1], 0.0, np.ones((120, 160)))


@pytest.mark.parametrize("depth_m, said", [
    (np.zeros((30, 40)), "predicts no usable depth"), (np.ones((1, 30, 40)), r"not \(1, 30, 40\)"),
    (DepthPrediction(np.ones((30, 40)), np.ones((3, 4)), 0.0), "errors of")])
def test_a_function_that_predicts_no_depth_is_named(depth_m, said):
    def my_network(rgb):
        return depth_m
    with pytest.raises(MonofuseError, match=f"my_network .*{said}"):
        Slam(scenes.CAMERA, my_network).track(scenes.picture(np.eye(4))[0], 0.0)


def test_a_prediction_that_fails_later_does_not_end_the_run(kernels):
    depths = iter([np.full((30, 40), 2.0), np.zeros((30, 40))])
    slam = Slam(scenes.CAMERA, lambda rgb: next(depths))
    rgb, _ = scenes.picture(np.eye(4))
    assert [slam.track(rgb, time_s).status for time_s in (0.0, 0.1)] == ["tracked", "tracked"]


def test_nothing_follows_the_end(boxed):
    boxed[0].finish()
    with pytest.raises(MonofuseError, match="make a new Slam"):
        boxed[0].track(scenes.picture(np.eye(4))[0], 9.0)


def test_without_a_tracked_image_there_is_nothing_to_save(slam, tmp_path):
    (tmp_path / "mesh.ply").write_text("old")
    slam.finish()
    times_s, T_world_cam = slam.trajectory()
    assert times_s.shape == (0,) and T_world_cam.shape == (0, 4, 4)
    assert len(slam.point_cloud().points_m) == 0
    for fails in (slam.mesh, lambda: slam.save(tmp_path)):
        with pytest.raises(MonofuseError):
            fails()
    assert (tmp_path / "mesh.ply").read_text() == "old"


def test_all_names_are_there_and_no_others():
    assert all(callable(getattr(monofuse, name)) for name in monofuse.__all__)
    assert set(monofuse.__all__) <= set(dir(monofuse))
    assert not hasattr(monofuse, "no_such_name")


def test_importing_the_library_takes_no_time():
    loaded = "import sys, monofuse; print([name for name in ('numpy', 'cv2', 'numba') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_what_the_caller_does_to_a_result_does_not_move_the_camera():
    slams = [Slam(scenes.CAMERA, "sensor") for _ in range(2)]
    for index, T_world_cam in enumerate(scenes.walk(6)):
        frame = scenes.frame(index, T_world_cam)
        results = [slam.track(frame.rgb, frame.timestamp_s, frame.depth.depth_m) for slam in slams]
        results[0].T_world_cam[:3, 3] += 5
    assert np.array_equal(slams[0].trajectory()[1], slams[1].trajectory()[1])


def test_a_configuration_of_another_kind_is_refused():
    with pytest.raises(MonofuseError, match="config must be a monofuse.SlamConfig"):
        Slam(scenes.CAMERA, "sensor", config=SlamConfig.for_sensor)


def test_how_sure_the_metres_are(boxed):
    assert boxed[0].scale == monofuse.Scale("sensor", None, False)
    slam = Slam(scenes.CAMERA, depth=lambda rgb: scenes.picture(np.eye(4))[1])
    for index, T in enumerate(scenes.walk(3)):
        slam.track(scenes.picture(T)[0], index / 30)
    assert slam.scale == monofuse.Scale("network", None, False), "before finish nobody knows"
    slam.finish()
    assert slam.scale.source == "network" and slam.scale.is_doubtful, "too few keyframes"
