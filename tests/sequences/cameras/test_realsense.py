"""RealSense: recordings of a camera in software, played and taken for one that is plugged in."""

import sqlite3
import sys
import time
from contextlib import closing

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError, MissingPackageError, SourceError
from calib.geometry.camera import Camera
from calib.geometry.rectification import Rectifier, rectified
from calib.geometry.registration import undistorted_rays
from sequences.cameras import realsense, realsense_file
from sequences.cameras.realsense import RealSense
from sequences.cameras.realsense_file import RealSenseFile, recognises
from sequences.cameras.realsense_lens import camera_of
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions, is_live
from tests.helpers.realsense_recording import FOCAL_PX, INTERVAL_MS, SERIAL, SIZE, intrinsics, walls, write_db3
from tests.helpers.tiny_recordings import picture, truncate

rs = pytest.importorskip("pyrealsense2")
COUNT = 8
TILTED = (0.1, -0.05, 0.001, 0.002, 0.01)


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    monkeypatch.setattr("sequences.cameras.realsense_device.TIMEOUT_MS", 300)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_db3(tmp_path_factory.mktemp("realsense") / "walk.db3", walls(COUNT))


def played(path, **options):
    sequence = open_sequence(str(path), SourceOptions(**options))
    return sequence, list(sequence)


def test_a_recording_is_played_whole(recording):
    sequence, frames = played(recording, depth_every=1)
    assert isinstance(sequence, RealSenseFile) and not is_live(sequence) and sequence.name == "walk"
    camera = sequence.camera
    assert (camera.size, camera.fx, camera.cx, camera.distortion) == (SIZE, FOCAL_PX, 31.5, ())
    assert sequence.depth_scale == 1000 and not len(sequence.skipped)
    assert [frame.index for frame in frames] == list(range(COUNT))
    times_s = [1 + 1e-3 * INTERVAL_MS * k for k in range(COUNT)]
    assert [frame.timestamp_s for frame in frames] == pytest.approx(times_s, abs=1e-6)
    for k, frame in enumerate(frames):
        assert np.array_equal(frame.rgb, picture(k, SIZE)) and frame.arrived_s is None
        depth_m = frame.sensor_depth.depth_m
        assert frame.sensor_depth.camera == camera and depth_m.dtype == np.float32
        assert depth_m[8:-8, 16:-8] == pytest.approx(1 + 0.1 * k), "as the colour camera sees the wall"


def test_depth_where_it_is_wanted(recording):
    _, frames = played(recording, depth_every=3)
    assert [frame.sensor_depth is not None for frame in frames] == [k % 3 == 0 for k in range(COUNT)]
    assert not any(frame.sensor_depth for frame in played(recording)[1])


def test_a_slow_reader_misses_nothing(recording):
    numbers = []
    for frame in open_sequence(str(recording), SourceOptions(depth_every=1)):
        time.sleep(0.05)
        numbers.append(frame.rgb[0, 0, 2])
    assert numbers == [picture(k)[0, 0, 2] for k in range(COUNT)]


def test_leaving_early(recording):
    sequence, frames = played(recording, max_frames=3)
    assert len(frames) == sequence.frame_count == 3 and next(iter(sequence)).index == 0
    assert len(list(sequence)) == 3, "it starts over"


def test_lens_and_gaps_come_along(tmp_path):
    path = write_db3(tmp_path / "lens.db3", walls(6), coefficients=TILTED, colourless=(2, 3))
    sequence, frames = played(path, depth_every=1)
    assert sequence.camera.distortion == pytest.approx(TILTED, abs=1e-5)
    assert [round(1e3 * (frame.timestamp_s - 1) / INTERVAL_MS) for frame in frames] == [0, 1, 4, 5]
    assert all(np.median(frame.sensor_depth.depth_m) == pytest.approx(1 + 0.1 * k)
               for frame, k in zip(frames, (0, 1, 4, 5))), "each with the depth of its own time"


@pytest.mark.parametrize("model", ["brown_conrady", "inverse_brown_conrady", "modified_brown_conrady"])
def test_our_lens_model_fits_theirs(model):
    lens = intrinsics(600.0, getattr(rs.distortion, model), (0.1, -0.2, 0.0005, -0.001, 0.05), (480, 640))
    camera = camera_of(lens)
    u, v = np.meshgrid(np.linspace(-0.45, 0.45, 9), np.linspace(-0.35, 0.35, 7))
    points = np.stack([u, v, np.ones_like(u)], -1).reshape(-1, 3)
    ours = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.K, np.array(camera.distortion))[0][:, 0]
    theirs = [rs.rs2_project_point_to_pixel(lens, list(point)) for point in points]
    assert np.abs(ours - theirs).max() < 0.5


@pytest.mark.parametrize("coefficients", [(0.0,) * 5, (-0.35, 0.1, 0.002, -0.003, 0.0)])
def test_depth_lies_on_colour_when_both_are_straight(tmp_path, coefficients):
    """A near square before a far wall, seen by a distorted colour camera and a straight depth camera."""
    size, focal_px = (240, 320), 220.0
    colour = Camera(320, 240, focal_px, focal_px, 159.5, 119.5, coefficients if any(coefficients) else ())
    depth = Camera(320, 240, 180.0, 180.0, 159.5, 119.5)
    x, y = np.moveaxis(undistorted_rays(colour)[..., :2], -1, 0)
    rgb = np.repeat(np.uint8(220 * square(x, y))[..., None], 3, axis=-1)
    depth_mm = np.where(square(*np.moveaxis(depth.rays()[..., :2], -1, 0)), 1000, 2000).astype(np.uint16)
    path = write_db3(tmp_path / "square.db3", [(rgb, depth_mm)] * 2, focal_px, depth.fx, coefficients)
    sequence, frames = played(path, depth_every=1)
    rectifier = Rectifier(sequence.camera)
    frame = next(rectified(frames, rectifier))
    depth_m, camera = frame.sensor_depth.depth_m, frame.sensor_depth.camera
    assert camera == rectifier.camera.subsampled(depth_m.shape) and not camera.is_distorted
    for seen, camera in ((frame.rgb[..., 0] > 110, rectifier.camera), ((depth_m > 0) & (depth_m < 1.5), camera)):
        expected = square(*np.moveaxis(camera.rays()[..., :2], -1, 0))
        assert (seen & expected).sum() > 0.94 * (seen | expected).sum()
    assert (depth_m[15:-15, 15:-15] > 0).mean() > 0.98, "hardly a hole"
    assert set(np.unique(depth_m)) <= {0, 1, 2}, "nothing between near and far"


def square(x, y):
    """Where the plane z = 1 shows it: off the middle, where lenses distort."""
    return (x > 0.1) & (x < 0.55) & (y > -0.4) & (y < 0.1)


def test_a_lens_that_ours_cannot_follow_is_refused():
    lens = intrinsics(150.0, rs.distortion.kannala_brandt4, (0.3, -0.9, 0.9, -0.4, 0.0), (480, 640))
    with pytest.raises(CalibrationError, match="px off ours: calibrate the camera"):
        camera_of(lens)


def test_recordings_that_cannot_be_used(recording, tmp_path, capfd):
    cut = tmp_path / "cut.db3"
    cut.write_bytes(recording.read_bytes())
    truncate(cut, 0.3)
    (tmp_path / "noise.bag").write_bytes(np.random.default_rng(0).bytes(5000))
    (tmp_path / "empty.db3").write_bytes(b"")
    write_db3(tmp_path / "dark.db3", walls(2), kinds=("depth",))
    write_db3(tmp_path / "flat.db3", walls(2), kinds=("colour",))
    for name, says in (("cut.db3", "cannot be opened as a RealSense recording"), ("noise.bag", "cannot be opened"),
                       ("empty.db3", "cannot be opened"), ("dark.db3", "no such colour stream; it has depth 64x48 z16"),
                       ("flat.db3", "no depth images")):
        with pytest.raises(SourceError) as caught:
            played(tmp_path / name, depth_every=1)
        assert says in str(caught.value) and name in str(caught.value) and "\n" not in str(caught.value)
    assert len(played(tmp_path / "flat.db3")[1]) == 2
    with pytest.raises(SourceError, match="none.db3 is not a file"):
        RealSenseFile(tmp_path / "none.db3", SourceOptions())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("wanted", [0, 1])
def test_a_long_gap_in_one_stream_holds_up_nothing(tmp_path, wanted):
    path = write_db3(tmp_path / "gap.db3", walls(36), colourless=range(6, 28))
    sequence, frames = played(path, depth_every=wanted)
    assert [round(1e3 * (frame.timestamp_s - 1) / INTERVAL_MS) for frame in frames] == [*range(6), *range(28, 36)]
    assert all((frame.sensor_depth is not None) == bool(wanted) for frame in frames) and not sequence.skipped.reasons


def test_a_recording_whose_colour_ends_early_says_so(tmp_path):
    path = write_db3(tmp_path / "early.db3", walls(24))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM messages WHERE timestamp > 200000000 AND topic_id IN "
                         "(SELECT id FROM topics WHERE name LIKE '%Color_0/image%')")
    sequence, frames = played(path, depth_every=1)
    assert 3 <= len(frames) <= 7 and len(sequence.skipped) == 1
    assert f"early.db3: ends after {len(frames)} frames" in sequence.skipped.reasons[0]
    assert not played(path, max_frames=3)[0].skipped.reasons


@pytest.mark.parametrize("trial, says", [("while True: pass", "still no end to it"),
                                         ("import os; os.abort()", "librealsense crashes over it")])
def test_what_librealsense_itself_does_not_survive_is_said(recording, monkeypatch, trial, says):
    """Found by benchmarks/fuzz.py: a letter changed in the name of an option, and opening never returns."""
    monkeypatch.setattr(realsense_file, "TRIAL", trial)
    monkeypatch.setattr(realsense_file, "OPENS_S", 1.0 if "while" in trial else 30.0)
    with pytest.raises(SourceError, match=says) as caught:
        played(recording)
    assert "walk.db3" in str(caught.value) and "\n" not in str(caught.value)


def test_recognised_by_suffix(recording, tmp_path):
    (tmp_path / "folder.bag").mkdir()
    assert recognises(recording) and recognises(str(recording)) and not recognises(tmp_path / "folder.bag")


@pytest.fixture
def plugged_in(recording, monkeypatch):
    """The recording's device in place of one on USB, and the list of serial numbers that USB shows."""
    serials = [SERIAL]
    monkeypatch.setattr(RealSense, "_find_device", lambda self: rs.context().load_device(str(recording)))
    monkeypatch.setattr(realsense, "serials", lambda: serials)
    return serials


def live(told=None, text="size=64x48", **options):
    return open_sequence(f"realsense:{text}", SourceOptions(tell=(told if told is not None else []).append, **options))


def test_a_camera_that_is_plugged_in(plugged_in):
    sequence = live(max_frames=3, keep_depth=True)
    frames = list(sequence)
    assert is_live(sequence) and sequence.name == f"realsense-{SERIAL}" and sequence.camera.fx == FOCAL_PX
    assert [frame.index for frame in frames] == [0, 1, 2] and all(frame.arrived_s for frame in frames)
    assert any(frame.sensor_depth for frame in frames)
    assert all(frame.timestamp_s == float(f"{frame.timestamp_s:.6f}") for frame in frames), "text keeps them"


def test_unplugging_ends_the_run(plugged_in):
    told, frames = [], []
    sequence = live(told)
    for frame in sequence:
        frames.append(frame)
        plugged_in.clear()
    assert frames and told[-1] == f"realsense-{SERIAL}: unplugged, so the run ends here"


def test_silence_ends_the_run(plugged_in, monkeypatch):
    monkeypatch.setattr(realsense, "GIVE_UP_S", 0.1)
    told = []
    assert list(live(told)) and "has sent nothing for" in told[-1]


def test_colour_that_freezes_ends_the_run_though_depth_goes_on(recording, tmp_path, plugged_in, monkeypatch):
    path = write_db3(tmp_path / "frozen.db3", walls(36), colourless=range(4, 36))
    monkeypatch.setattr(RealSense, "_find_device", lambda self: rs.context().load_device(str(path)))
    monkeypatch.setattr(realsense, "GIVE_UP_S", 0.1)
    told, playing = [], []
    sequence = open_sequence("realsense:size=64x48", SourceOptions(depth_every=1, tell=lambda line: (
        told.append(line), playing.append(sequence.device.as_playback().current_status()))))
    assert len(list(sequence)) <= 4 and "has sent nothing for" in told[-1]
    assert playing[-1] == rs.playback_status.playing, "it need not wait for depth to end as well"


def test_stop_ends_the_run(plugged_in):
    sequence = live()
    for count, frame in enumerate(sequence):
        sequence.stop()
    assert count == 0


def test_a_driver_without_exposure_says_so(plugged_in):
    told = []
    list(live(told, "size=64x48,exposure=120", max_frames=1))
    assert any("does not do exposure=120" in line for line in told)


def test_a_size_that_it_lacks_is_refused(plugged_in):
    with pytest.raises(SourceError, match="no such colour stream"):
        live(text="size=640x480")


def test_without_the_package(recording, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrealsense2", None)
    for source in (str(recording), "realsense"):
        with pytest.raises(MissingPackageError, match="pip install pyrealsense2"):
            open_sequence(source, SourceOptions())


def test_without_a_camera(monkeypatch):
    monkeypatch.setattr(rs, "context", lambda: type("Context", (), {"query_devices": lambda self: []})())
    with pytest.raises(SourceError, match="no RealSense camera 42 is plugged in: is it on a USB 3 port"):
        open_sequence("realsense:42", SourceOptions())
