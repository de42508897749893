"""--scale: what it takes, and runs whose network is a fifth off, put right by each kind of it."""

import json
from dataclasses import asdict, replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from calib.boards.board import Board
from calib.geometry import se3
from calib.geometry.camera import Camera
from monofuse import run as run_slam
from monofuse.arguments import parse_scale
from sequences.frame import DepthImage, Frame
from slam.config import SlamConfig
from slam.evaluation import absolute_error
from slam.mapping.surfels import SurfelConfig
from slam.scale.known_scale import KnownScale, ScaleConfig
from slam.scale.recorded_scale import RecordedPosesCue
from slam.system import SlamSystem
from tests.helpers import scenes
from tests.helpers.onnx_file import bright_is_near
from tests.helpers.slam_process import SHORT, report_in

NETWORK = replace(SlamConfig.for_network(), surfels=SurfelConfig(max_surfels=200_000))
NETWORK_SIZE = 0.8
"""How large the network takes the world for."""
ORIGIN = np.eye(4)
STEP = np.array([0.02, -0.004, 0.014, 0.002, 0.006, -0.001])
LOOKING_DOWN = se3.exp(np.array([0, 0, 0, -0.5, 0, 0]))
SHARP = Camera(400, 300, 350.0, 350.0, 199.5, 149.5)
"""Such that a board's squares are large enough."""
PX = 24
"""Of the picture of a board, per square."""


@pytest.mark.parametrize("text, expected", [
    ("1.07", ScaleConfig(factor=1.07)), ("height=1.5", ScaleConfig(height_m=1.5)),
    ("depth", ScaleConfig(recorded_depth=True)), ("poses", ScaleConfig(recorded_poses=True)),
    ("board=10x7,0.025", ScaleConfig(board=Board((10, 7)), square_m=0.025)),
    ("board=8x8,0.03,5x5_100", ScaleConfig(board=Board((8, 8), "5x5_100"), square_m=0.03)),
    ("board=8x8,0.03,5x5_100,0.8", ScaleConfig(board=Board((8, 8), "5x5_100", 0.8), square_m=0.03))])
def test_what_is_known_is_read_and_shown_again(text, expected):
    known = parse_scale(text)
    assert known == expected == parse_scale(str(known))
    json.dumps(asdict(replace(NETWORK, known_scale=known)))


def finished(camera, known_scale, frames):
    """-> SlamSystem after its last adjustment, and how many times the path is too short before that and after it."""
    slam = SlamSystem(camera, replace(NETWORK, known_scale=known_scale))
    for frame in frames:
        slam.process(frame)
    slam.finish()
    missing = [missing_scale(slam, frames)]
    list(slam.adjust_all())
    return slam, [*missing, missing_scale(slam, frames)]


def missing_scale(slam, frames):
    ground_truth = np.array([frame.T_world_cam_true[:3, 3] for frame in frames])
    _, T_world_cam = slam.trajectory()
    return absolute_error(T_world_cam[:, :3, 3], ground_truth, with_scale=True)[1]


def plain_frames(start=ORIGIN, count=28):
    poses = [start @ T for T in scenes.walk(count, STEP)]
    return [scenes.frame(i, T, depth_scale=NETWORK_SIZE) for i, T in enumerate(poses)]


@pytest.fixture(scope="module")
def plain():
    """Frames of a walk that begins at the origin."""
    return plain_frames()


@pytest.fixture(scope="module")
def unknown(plain):
    return finished(scenes.CAMERA, ScaleConfig(), plain)


def test_without_it_the_network_decides(unknown):
    slam, missing = unknown
    assert missing == pytest.approx([1 / NETWORK_SIZE] * 2, rel=0.03) and slam.depth.map_scale.known.problem is None
    said = slam.depth.scale_report()
    assert said["scale_from"] == "network" and said["scale_times_network"] == 1 and said["scale_log_std"] >= 0


def test_a_factor_is_on_the_networks_scale(unknown, plain):
    slam, missing = finished(scenes.CAMERA, parse_scale("1.25"), plain)
    assert missing == pytest.approx(np.array(unknown[1]) / 1.25, rel=0.01)
    said = slam.depth.scale_report()
    assert (said["scale_from"], said["scale_log_std"], said["scale_times_network"]) == ("factor", None, 1.25)
    before = unknown[0].depth.scale_report()["scale_settled_by"]
    assert said["scale_settled_by"] == pytest.approx(1.25 * before, rel=0.01)


def test_every_part_of_the_map_grows_and_only_once(plain):
    """A second submap of which the network has said too little to judge it."""
    slam = SlamSystem(scenes.CAMERA, replace(NETWORK, known_scale=parse_scale("1.25")))
    for frame in plain[:20]:
        slam.process(frame)
    slam.begin(slam.prepare(plain[20]), np.eye(4), 1, "lost")
    before, size = slam.keyframes.scale.copy(), slam.keyframes.items[-1].median_depth_m
    for _ in range(2):
        slam.depth.finisher.finish_scale()
        assert slam.keyframes.scale / before == pytest.approx(1.25, rel=0.02)
        assert slam.keyframes.items[-1].median_depth_m == pytest.approx(1.25 * size)
    assert slam.depth.map_scale.corrections[1] == (pytest.approx(1.25), None, None)


def test_the_height_above_the_floor_puts_it_right():
    slam, missing = finished(scenes.CAMERA, parse_scale("height=1.5"), plain_frames(LOOKING_DOWN))
    assert missing == pytest.approx([1, 1], abs=0.03)
    said = slam.depth.scale_report()
    assert said["scale_from"] == "height" and 0 < said["scale_log_std"] < 0.03
    assert said["scale_times_network"] == pytest.approx(1 / NETWORK_SIZE, rel=0.03)
    floor = slam.surfels.world_points(slam.surfels.select(6.0), slam.keyframes.T_world_key)[0] @ LOOKING_DOWN[1, :3]
    assert np.median(floor[floor > 1.3]) == pytest.approx(1.5, abs=0.03), "the map is as large as the path"


@pytest.mark.parametrize("first_seen, growth", [(0, 1.0), (10, 1.0), (19, 0.6)])
def test_the_floor_as_the_first_keyframes_saw_it(first_seen, growth):
    """The true one, 1.5 m below, belongs to the keyframe `first_seen`, a lower and larger one, where the map has
    drifted, to the last."""
    rng = np.random.default_rng(0)
    true, drifted = (np.column_stack([rng.uniform(-x, x, 4000), np.full(4000, y), rng.uniform(1, 4, 4000)])
                     for x, y in ((1.5, 1.5), (4, 2.5)))
    surfels = SimpleNamespace(
        config=SurfelConfig(), select=lambda _: np.arange(8000),
        keyframe_of=lambda rows: np.repeat([first_seen, 19], 4000)[rows],
        world_points=lambda rows, _: (np.concatenate([true, drifted])[rows], np.tile([0, -1.0, 0], (len(rows), 1))))
    keyframes = SimpleNamespace(submap=np.zeros(20, int), T_world_key=np.tile(np.eye(4), (20, 1, 1)))
    estimate = KnownScale(parse_scale("height=1.5")).estimate(keyframes, surfels)
    assert estimate.growth == pytest.approx(growth, rel=1e-3)


def test_where_no_floor_is_seen_the_network_decides(unknown, plain):
    slam, missing = finished(scenes.CAMERA, parse_scale("height=1.5"), plain)
    assert missing == pytest.approx(unknown[1], rel=1e-3) and slam.depth.scale_report()["scale_from"] == "network"
    assert slam.depth.map_scale.known.problem == ("--scale height=1.5: no floor was seen below the camera, so scale is "
                                            "still the network's")


def with_board(frame, board, square_m):
    """The same with a board on the wall that it looks at."""
    _, points = scenes.cast(frame.T_world_cam_true, SHARP)
    picture = np.pad(board.picture(PX), PX, constant_values=255)
    u, v = ((points[..., axis] / square_m + board.squares[axis] / 2 + 1) * PX - 0.5 for axis in (0, 1))
    is_board = ((points[..., 2] > scenes.HALF_SIZE_M[2] - 1e-6) & (u > 0) & (u < picture.shape[1] - 1)
                & (v > 0) & (v < picture.shape[0] - 1))
    seen = cv2.remap(picture, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR)
    rgb = np.where(is_board[..., None], 20 + 0.8 * seen[..., None], frame.rgb).astype(np.uint8)
    return replace(frame, rgb=rgb)


@pytest.fixture(scope="module")
def sharp_frames():
    return [scenes.speckled_frame(i, T, SHARP, NETWORK_SIZE) for i, T in enumerate(scenes.walk(20, 2 * STEP))]


@pytest.mark.parametrize("text", ["board=10x7,0.09", "board=8x6,0.15,4x4_50"])
def test_a_board_puts_it_right(sharp_frames, text):
    known = parse_scale(text)
    slam, missing = finished(SHARP, known, [with_board(f, known.board, known.square_m) for f in sharp_frames])
    assert missing == pytest.approx([1, 1], abs=0.03)
    said = slam.depth.scale_report()
    assert said["scale_from"] == "board" and 0 < said["scale_log_std"] < 0.05
    assert slam.stage_times.summary()["scale"]["calls"] == len(slam.keyframes) - 1


def with_recorded_depth(frames, every):
    """Some of the frames with exact depth besides the predicted one."""
    return [replace(frame, sensor_depth=DepthImage(frame.depth.depth_m / np.float32(NETWORK_SIZE), frame.depth.camera)
                    if frame.index % every == 0 else None) for frame in frames]


@pytest.mark.parametrize("text", ["depth", "poses"])
def test_what_the_recording_brings_along_puts_it_right(text):
    slam, missing = finished(scenes.CAMERA, parse_scale(text), with_recorded_depth(plain_frames(count=40), 2))
    assert missing == pytest.approx([1, 1], abs=0.03)
    said = slam.depth.scale_report()
    assert said["scale_from"] == text and 0.01 <= said["scale_log_std"] < 0.05 and not said["scale_doubtful"]
    assert said["scale_times_network"] == pytest.approx(1 / NETWORK_SIZE, rel=0.05)


@pytest.mark.parametrize("text, lack", [("depth", "no keyframe has recorded depth"),
                                        ("poses", "fewer than 4 keyframes")])
def test_what_the_recording_does_not_bring_along(plain, text, lack):
    frames = [replace(frame, T_world_cam_true=None) for frame in plain[:20]]
    slam = SlamSystem(scenes.CAMERA, replace(NETWORK, known_scale=parse_scale(text)))
    for frame in frames:
        slam.process(frame)
    slam.finish()
    assert slam.depth.scale_report()["scale_from"] == "network"
    assert slam.depth.scale_problem.startswith(f"--scale {text}: {lack}")


def test_poses_of_a_camera_that_hardly_moved_say_nothing():
    rng = np.random.default_rng(0)
    cue, T_world_key = RecordedPosesCue(), np.tile(np.eye(4), (20, 1, 1))
    T_world_key[:, :3, 3] = 0.01 * rng.normal(size=(20, 3))
    for row in range(len(T_world_key)):
        recorded = se3.exp(np.append(0.01 * rng.normal(size=3), [0, 0, 0]))
        cue.look(Frame(row, row / 30, np.zeros((1, 1, 3), np.uint8), T_world_cam_true=recorded), scenes.CAMERA, row)
    assert cue.estimate(SimpleNamespace(submap=np.zeros(20, int), T_world_key=T_world_key), None) is None


def test_a_board_that_is_not_there(plain):
    slam, missing = finished(scenes.CAMERA, parse_scale("board=10x7,0.025"), plain[:20])
    assert missing[0] == pytest.approx(1 / NETWORK_SIZE, rel=0.03)
    assert slam.depth.scale_report()["scale_from"] == "network"
    assert "no two keyframes show the board" in slam.depth.map_scale.known.problem


def test_the_command_line_says_that_there_was_no_floor(recording, tmp_path, capsys):
    options = [*bright_is_near(tmp_path), *SHORT, "--max-frames", "6", "--output", str(tmp_path / "out")]
    assert run_slam.main([str(recording), *options, "--scale", "height=1.5"]) == 0
    report = report_in(tmp_path / "out")
    line, = report["problems"]
    assert line.startswith("--scale height=1.5: no floor was seen") and line in capsys.readouterr().out
    assert report["arguments"]["scale"] == "height=1.5" and report["configuration"]["known_scale"]["height_m"] == 1.5


@pytest.mark.parametrize("text, says", [
    ("banana", "'banana' being a number from 0.01 to 100"), ("-1", "'-1' being"), ("0", "'0' being"),
    ("nan", "'nan' being"), ("height=0", "'0' being a number from 0.05"), ("height=", "'' being"),
    ("width=2", "expected a factor as 1.07, height=METRES, board="), ("board=10x7", "expected a factor"),
    ("board=ten,0.03", "expected COLUMNSxROWS"), ("board=3x3,0.03", "4 to 50 squares"),
    ("board=10x7,0", "'0' being a number from 0.001"), ("board=10x7,0.03,9x9", "no dictionary '9x9'"),
    ("board=20x20,0.03,4x4_50", "needs 200 markers"), ("board=10x7,0.03,4x4_50,2", "'2' being")])
def test_a_mistyped_scale_is_one_line(text, says, tmp_path, capsys):
    assert run_slam.main(["synthetic", f"--scale={text}", "--depth", "mobile", "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("run_slam: ") and error.count("\n") == 1 and says in error
    assert not (tmp_path / "out").exists()


def test_a_sensors_depth_has_no_other_scale(tmp_path, capsys):
    assert run_slam.main(["synthetic", "--depth", "sensor", "--scale", "1.1", "--output", str(tmp_path / "out")]) == 2
    assert "--scale is for networks" in capsys.readouterr().err
