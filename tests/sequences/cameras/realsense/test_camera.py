"""RealSense cameras: a recording of one in software is taken for one that is plugged in."""

import sys

import pytest

from calib.base.errors import MissingPackageError, SourceError
from sequences.cameras.realsense import camera
from sequences.cameras.realsense.camera import RealSense
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions, is_live
from tests.helpers.realsense_recording import FOCAL_PX, SERIAL, walls, write_db3

rs = pytest.importorskip("pyrealsense2")


@pytest.fixture
def plugged_in(recording, monkeypatch):
    """The recording's device in place of one on USB, and the list of serial numbers that USB shows."""
    serials = [SERIAL]
    monkeypatch.setattr(RealSense, "_find_device", lambda self: rs.context().load_device(str(recording)))
    monkeypatch.setattr(camera, "serials", lambda: serials)
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
    told, frames = [], []
    for frame in live(told):
        frames.append(frame)
        monkeypatch.setattr(camera, "GIVE_UP_S", 0.1)  # from the first on, which a busy machine keeps waiting
    assert frames and "has sent nothing for" in told[-1]


def test_colour_that_freezes_ends_the_run_though_depth_goes_on(recording, tmp_path, plugged_in, monkeypatch):
    path = write_db3(tmp_path / "frozen.db3", walls(36), colourless=range(4, 36))
    monkeypatch.setattr(RealSense, "_find_device", lambda self: rs.context().load_device(str(path)))
    monkeypatch.setattr(camera, "GIVE_UP_S", 0.1)

    def is_playing_at_its_end():
        told, playing = [], []
        sequence = open_sequence("realsense:size=64x48", SourceOptions(depth_every=1, tell=lambda line: (
            told.append(line), playing.append(sequence.device.as_playback().current_status()))))
        assert len(list(sequence)) <= 4 and "has sent nothing for" in told[-1]
        return playing[-1] == rs.playback_status.playing

    # A machine that is too busy hears of it when all has been played.
    assert any(is_playing_at_its_end() for _ in range(3)), "it need not wait for depth to end as well"


def test_stop_ends_the_run(plugged_in):
    sequence, frames = live(), []
    for frame in sequence:
        frames.append(frame)
        sequence.stop()
    assert len(frames) == 1


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
