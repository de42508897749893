"""A camera on disk while it runs, and the same frames from there again."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from calib.base.errors import OutputError
from sequences.cameras.recorder import Recorder
from sequences.catalogue import open_sequence
from sequences.frame import DepthImage, Frame
from sequences.sequence import SourceOptions
from tests.helpers.tiny_recordings import CAMERA, SIZE

START_S = 1_790_000_000.123457
LENS = replace(CAMERA, distortion=(0.1, -0.05, 0.001, 0.002, 0.01))
DEPTH_SCALE = 4000.0


def live_frames(count, with_depth=True):
    """Noise, which no lossy format keeps, and depth in whole units."""
    rng = np.random.default_rng(0)
    for k in range(count):
        depth_m = rng.integers(0, 65535, SIZE).astype(np.float32) / np.float32(DEPTH_SCALE)
        yield Frame(k, round(START_S + k / 30, 6), rng.integers(0, 256, (*SIZE, 3), np.uint8), arrived_s=float(k),
                    sensor_depth=DepthImage(depth_m, LENS) if with_depth and k != 2 else None)


def recorder_into(folder, told=None):
    camera = SimpleNamespace(camera=LENS, depth_scale=DEPTH_SCALE)
    return Recorder(folder, camera, (told if told is not None else []).append)


def test_a_replay_sees_the_very_same_frames(tmp_path):
    recorder = recorder_into(tmp_path / "new" / "walk")
    seen = list(recorder.tap(live_frames(5)))
    recorder.close()
    assert (recorder.recorded, recorder.left_out) == (5, 0)
    replayed = open_sequence(str(tmp_path / "new" / "walk"), SourceOptions(depth_every=1))
    assert replayed.camera == LENS
    for ours, theirs in zip(replayed, seen, strict=True):
        assert (ours.index, ours.timestamp_s) == (theirs.index, theirs.timestamp_s)
        assert np.array_equal(ours.rgb, theirs.rgb)
        assert (ours.sensor_depth is None) == (theirs.sensor_depth is None)
        if ours.sensor_depth:
            assert np.array_equal(ours.sensor_depth.depth_m, theirs.sensor_depth.depth_m)


def test_colour_alone(tmp_path):
    recorder = recorder_into(tmp_path)
    list(recorder.tap(live_frames(2, with_depth=False)))
    recorder.close()
    assert {file.name for file in tmp_path.iterdir()} == {"calibration.yaml", "rgb", "rgb.txt"}


def test_what_was_written_stays_whatever_happens(tmp_path):
    """As after a power cut: the recorder is never closed."""
    recorder = recorder_into(tmp_path)
    list(recorder.tap(live_frames(4)))
    while recorder.recorded < 4:
        time.sleep(0.005)
    assert [frame.index for frame in open_sequence(str(tmp_path), SourceOptions(depth_every=1))] == [0, 1, 2, 3]


def test_the_index_never_names_an_image_that_is_not_there(tmp_path, monkeypatch):
    """Whenever the power fails: while an image is written, its line is still missing, and all before it are there."""
    written, write_bytes = [], Path.write_bytes

    def watched(path, data):
        if path.suffix != ".png":  # the calibration, which comes before all images
            return write_bytes(path, data)
        index = path.parent.with_suffix(".txt").read_text().splitlines()
        assert [line.split()[1] for line in index] == [name for name in written if name.startswith(path.parent.name)]
        written.append(path.relative_to(tmp_path).as_posix())
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", watched)
    recorder = recorder_into(tmp_path)
    list(recorder.tap(live_frames(4)))
    recorder.close()
    assert len(written) == 7


def test_who_is_too_slow_leaves_out_frames_and_says_so(tmp_path, monkeypatch):
    told = []
    recorder = recorder_into(tmp_path, told)
    writes = Recorder._write
    gate = threading.Event()
    monkeypatch.setattr(Recorder, "_write", lambda self, frame: (gate.wait(30), writes(self, frame)))
    frames = list(recorder.tap(live_frames(60)))
    gate.set()
    recorder.close()
    assert len(frames) == 60 and recorder.recorded + recorder.left_out == 60 and 20 < recorder.left_out < 40
    assert len(told) == 1 and "cannot keep up and leaves out frames" in told[0]
    assert len(list(open_sequence(str(tmp_path), SourceOptions()))) == recorder.recorded


def test_a_full_disk_ends_the_recording_and_not_the_run(tmp_path, monkeypatch):
    told, encode, count = [], cv2.imencode, []

    def fails_later(*arguments):
        count.append(1)
        if len(count) > 3:
            raise OSError(28, os.strerror(28))
        return encode(*arguments)

    monkeypatch.setattr(cv2, "imencode", fails_later)
    recorder = recorder_into(tmp_path, told)
    assert len(list(recorder.tap(live_frames(6, with_depth=False)))) == 6
    with pytest.raises(OutputError, match="ends after 3 frames: No space left on device"):
        recorder.close()
    assert len(told) == 1 and "cannot go on recording: No space left" in told[0]
    assert len(list(open_sequence(str(tmp_path), SourceOptions()))) == 3


def test_an_older_recording_is_not_mixed_with_a_new_one(tmp_path):
    (tmp_path / "rgb.txt").write_text("")
    with pytest.raises(OutputError, match="is not empty: choose another folder for --record"):
        recorder_into(tmp_path)
    with pytest.raises(OutputError, match="cannot record to"):
        recorder_into(tmp_path / "rgb.txt" / "below")
