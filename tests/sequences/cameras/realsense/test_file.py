"""Recordings of a RealSense camera in software, played."""

import sqlite3
import time
from contextlib import closing

import numpy as np
import pytest

from calib.base.errors import SourceError
from sequences.cameras.realsense import file
from sequences.cameras.realsense.file import RealSenseFile, recognises
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions, is_live
from tests.helpers.realsense_recording import FOCAL_PX, INTERVAL_MS, SIZE, walls, write_db3
from tests.helpers.tiny_recordings import picture, truncate

pytest.importorskip("pyrealsense2")
COUNT = 8
TILTED = (0.1, -0.05, 0.001, 0.002, 0.01)


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


def test_recordings_that_cannot_be_used(recording, tmp_path, capfd):
    cut = tmp_path / "cut.db3"
    cut.write_bytes(recording.read_bytes())
    truncate(cut, 0.3)
    (tmp_path / "noise.bag").write_bytes(np.random.default_rng(0).bytes(5000))
    (tmp_path / "empty.db3").write_bytes(b"")
    write_db3(tmp_path / "dark.db3", walls(2), kinds=("depth",))
    write_db3(tmp_path / "flat.db3", walls(2), kinds=("colour",))
    for name, says in (("cut.db3", "cannot be opened as a RealSense recording"), ("noise.bag", "cannot tell what"),
                       ("empty.db3", "is an empty file"), ("dark.db3", "no such colour stream; it has depth 64x48 z16"),
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
    monkeypatch.setattr(file, "TRIAL", trial)
    monkeypatch.setattr(file, "MAX_OPENING_S", 1.0 if "while" in trial else 30.0)
    with pytest.raises(SourceError, match=says) as caught:
        played(recording)
    assert "walk.db3" in str(caught.value) and "\n" not in str(caught.value)


def test_recognised_by_suffix(recording, tmp_path):
    (tmp_path / "folder.bag").mkdir()
    assert recognises(recording) and recognises(str(recording)) and not recognises(tmp_path / "folder.bag")


def test_a_device_without_a_name(recording, monkeypatch):
    """As in a file whose table of what the camera is was damaged."""
    def fail(*_):
        raise RuntimeError("info Name not supported by the sensor!")
    monkeypatch.setattr(file, "Player", fail)
    with pytest.raises(SourceError, match="cannot be opened as a RealSense recording: info Name not supported"):
        played(recording)
