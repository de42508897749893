"""Video files: written by OpenCV, read back, and damaged in several ways."""

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError, SourceError
from sequences.files.video import VideoFile, recognises
from sequences.sequence import SourceOptions
from tests.helpers.tiny_recordings import CAMERA, RATE_HZ, picture, truncate, write_camera, write_video


@pytest.fixture
def clip(tmp_path):
    write_camera(tmp_path / "clip.yaml")
    return write_video(tmp_path / "clip.avi", 20)


def opened(file, **options):
    return VideoFile(file, SourceOptions(**options))


def refusal(file, kind=SourceError, **options):
    with pytest.raises(kind) as caught:
        opened(file, **options)
    assert "\n" not in str(caught.value) and file.name.split(".")[0] in str(caught.value)
    return str(caught.value)


def test_frames_come_back_with_their_times(clip):
    sequence = opened(clip)
    frames = list(sequence)
    assert (sequence.name, sequence.frame_count, sequence.camera) == ("clip", 20, CAMERA)
    assert [frame.index for frame in frames] == list(range(20)) and not len(sequence.skipped)
    assert [frame.timestamp_s for frame in frames] == pytest.approx(np.arange(20) / RATE_HZ)
    for index, frame in enumerate(frames):
        assert frame.rgb.shape == (24, 32, 3) and np.abs(frame.rgb.astype(int) - picture(index)).mean() < 6
    assert np.array_equal(list(sequence)[7].rgb, frames[7].rgb), "iterating again starts over"


def test_mp4_too(tmp_path):
    write_camera(tmp_path / "clip.yaml")
    frames = list(opened(write_video(tmp_path / "clip.mp4", 5, codec="mp4v")))
    assert [frame.timestamp_s for frame in frames] == pytest.approx(np.arange(5) / RATE_HZ)


def test_max_frames(clip):
    sequence = opened(clip, max_frames=3)
    assert sequence.frame_count == len(list(sequence)) == 3 and not len(sequence.skipped)
    assert opened(clip, max_frames=99).frame_count == 20


def test_time_goes_on_without_stamps(clip, monkeypatch):
    """Some containers carry no stamps, or the same for several frames."""
    class Stampless:
        def __init__(self, *arguments):
            self.capture = CAPTURE(*arguments)

        def __getattr__(self, name):
            return getattr(self.capture, name)

        def get(self, what):
            return self.capture.get(what) if what != cv2.CAP_PROP_POS_MSEC else 0.0

    CAPTURE = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", Stampless)
    assert [frame.timestamp_s for frame in opened(clip)] == pytest.approx(np.arange(20) / RATE_HZ)


def test_a_size_that_changes_ends_the_run(clip):
    sequence = opened(clip)
    write_video(clip, 5, (48, 64))  # the stream is another one than was opened
    with pytest.raises(SourceError, match="frame 0 is 64x48 but those before it are 32x24"):
        list(sequence)


def test_truncated_files_play_to_their_end(clip, capfd):
    truncate(clip)
    sequence = opened(clip)
    count = len(list(sequence))
    assert 3 <= count < 20
    if sequence.frame_count != count:
        seconds = f"{count / RATE_HZ:.1f} s of {20 / RATE_HZ:.1f} s"
        assert sequence.skipped.reasons == [f"{clip}: ends after {count} frames, {seconds}"]
    assert capfd.readouterr() == ("", "")


def test_files_that_are_no_video(tmp_path, capfd):
    for name, data in {"noise.mp4": np.random.default_rng(0).bytes(5000), "text.avi": b"hello\n" * 100}.items():
        (tmp_path / name).write_bytes(data)
        assert "cannot be opened as a video" in refusal(tmp_path / name)
    (tmp_path / "empty.mkv").write_bytes(b"")
    assert "is an empty file" in refusal(tmp_path / "empty.mkv")
    truncate(write_video(tmp_path / "header.avi", 3), 0.05)
    refusal(tmp_path / "header.avi")
    assert "is not a file" in refusal(tmp_path / "none.mp4")
    assert capfd.readouterr() == ("", ""), "FFmpeg's own remarks would come between our lines"


def test_what_else_a_clip_may_lack(clip):
    assert "no depth images" in refusal(clip, depth_every=1)
    write_camera(clip.with_suffix(".yaml"), CAMERA.resized((24, 24)))
    with pytest.raises(CalibrationError, match="another aspect ratio"):
        opened(clip)
    clip.with_suffix(".yaml").unlink()
    assert "clip.yaml" in refusal(clip, CalibrationError)


def test_recognised_by_suffix(clip, tmp_path):
    (tmp_path / "folder.avi").mkdir()
    assert recognises(clip) and not recognises(clip.with_suffix(".yaml")) and not recognises(tmp_path / "folder.avi")
    assert recognises(clip.rename(tmp_path / "CLIP.AVI"))
