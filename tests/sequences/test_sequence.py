"""What every source is: nothing of the protocols is missing, and cameras are known from recordings."""

from typing import get_type_hints

import pytest

from sequences.catalogue import open_sequence
from sequences.sequence import LiveSequence, Sequence, SourceOptions, is_live
from tests.helpers.mjpeg_server import MjpegServer
from tests.helpers.tiny_recordings import CAMERA, picture, write_camera, write_rgb, write_tum, write_video


def lacking(sequence, protocol):
    """Names of the attributes of a protocol that a source was opened without."""
    return [name for name in get_type_hints(protocol) if not hasattr(sequence, name)]


@pytest.fixture
def places(tmp_path):
    """A folder with recordings of several kinds."""
    write_tum(tmp_path / "walk")
    write_rgb(tmp_path / "shots" / "1.png", picture(0))
    write_video(tmp_path / "clip.avi", 3)
    for file in ("shots/calibration.yaml", "clip.yaml"):
        write_camera(tmp_path / file)
    return tmp_path


@pytest.mark.parametrize("name", ["walk", "shots", "clip.avi", "synthetic:7,frames=2,size=64x48"])
def test_recordings_are_whole_sequences(places, name):
    source = name if name.startswith("synthetic") else str(places / name)
    sequence = open_sequence(source, SourceOptions())
    assert lacking(sequence, Sequence) == [] and not is_live(sequence)
    assert all(photo.is_file() for photo in sequence.photos) and bool(sequence.photos) == (name == "shots")


def test_cameras_are_whole_live_sequences(tmp_path):
    def serve(connection, camera):
        for number in range(5):
            camera.send(picture(number))

    write_camera(tmp_path / "camera.yaml", CAMERA)
    with MjpegServer(serve) as server:
        sequence = open_sequence(server.url, SourceOptions(calibration_file=tmp_path / "camera.yaml"))
    assert is_live(sequence) and lacking(sequence, LiveSequence) == [] and sequence.photos == ()


@pytest.mark.parametrize("every, wanted", [(0, []), (1, [0, 1, 2, 3, 4]), (3, [0, 3])])
def test_depth_is_wanted_of_every_nth_frame(every, wanted):
    assert [index for index in range(5) if SourceOptions(depth_every=every).wants_depth(index)] == wanted
