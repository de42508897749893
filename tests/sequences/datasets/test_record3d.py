"""Record3D: unpacked, older and damaged captures, and those whose depth cannot be decompressed."""

import json
import os
import sys
import zipfile

import numpy as np
import pytest

from calib.files.image_file import UnreadableImage
from sequences.catalogue import open_sequence
from sequences.datasets import record3d
from sequences.sequence import SourceOptions
from tests.helpers import lzfse_blocks
from tests.helpers.dataset_samples import SAMPLE_FRAMES, write
from tests.helpers.opening import refusal
from tests.helpers.tiny_recordings import truncate


def unpacked(archive):
    """-> folder with what a .r3d file holds."""
    zipfile.ZipFile(archive).extractall(archive.with_suffix(""))
    return archive.with_suffix("")


def test_a_record3d_capture_unpacked(copied):
    sample = copied("record3d")
    folder = unpacked(sample.source)
    (folder / "rgbd" / "1.depth").write_bytes(b"")
    truncate(folder / "rgbd" / "2.conf")
    (folder / "rgbd" / "3.conf").unlink()
    truncate(folder / "rgbd" / "4.jpg")
    sequence = open_sequence(str(folder), SourceOptions(depth_every=1))
    frames = list(sequence)
    assert [frame.sensor_depth is not None for frame in frames] == [True, False, False, True]
    assert not frames[0].sensor_depth.depth_m[:, 4:6].any() and frames[3].sensor_depth.depth_m[:, 5].all()
    assert all(name in reason for name, reason in zip(("1.depth", "2.conf", "4.jpg"), sequence.skipped.reasons))
    assert len(sequence.skipped) == 3 and sequence.name == "walk"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_in_the_place_of_an_image_is_left_out(tmp_path):
    os.mkfifo(tmp_path / "2.jpg")
    with pytest.raises(UnreadableImage, match="is no file"):
        record3d._bytes(tmp_path / "2.jpg")


def test_a_member_that_would_fill_the_memory_is_left_out(copied, monkeypatch):
    sample = copied("record3d")
    sizes = [member.file_size for member in zipfile.ZipFile(sample.source).infolist() if "jpg" in member.filename]
    monkeypatch.setattr(record3d, "MAX_MEMBER_BYTES", max(sizes) - 1)
    sequence = open_sequence(str(sample.source), SourceOptions())
    assert len(list(sequence)) < SAMPLE_FRAMES and "too much for one shot" in sequence.skipped.reasons[0]


def test_older_record3d_captures_say_less(copied):
    sample = copied("record3d")
    folder = unpacked(sample.source)
    metadata = json.loads((folder / "metadata").read_text())
    del metadata["frameTimestamps"], metadata["perFrameIntrinsicCoeffs"], metadata["poses"][2:]
    write(folder / "metadata", json.dumps(metadata))
    sequence = open_sequence(str(folder), SourceOptions())
    assert np.allclose([frame.timestamp_s for frame in sequence], np.arange(SAMPLE_FRAMES) / 60)
    assert np.allclose(sequence.camera.pinhole, sample.camera.pinhole) and len(sequence.ground_truth[0]) == 2


@pytest.mark.parametrize("content, says", [
    ("{}", "metadata: expected JSON with w, h, K and poses (KeyError('w'))"),
    ("[1", "metadata: expected JSON with w, h, K and poses"),
    ('{"w": 240, "h": 320, "K": [1, 0, 0]}', "expected JSON"),
    ('{"w": 1e999, "h": 320, "K": [1, 0, 0, 0, 1, 0, 1, 1, 1]}', "expected JSON"),
    ('{"w": 240, "h": 320, "K": [0, 0, 0, 0, 1, 0, 1, 1, 1]}', "metadata: a camera needs a positive size and focal"),
    ('{"w": 240, "h": 320, "K": [1, 0, 0, 0, 1, 0, 1, 1, 1], "poses": [[1, 2], [3]]}', "expected JSON")])
def test_metadata_of_record3d_that_is_none(copied, content, says):
    folder = unpacked(copied("record3d").source)
    write(folder / "metadata", content)
    assert says in refusal(folder)


def test_record3d_without_the_package_for_its_depth(samples, monkeypatch):
    monkeypatch.setitem(sys.modules, "liblzfse", None)
    source = samples("record3d").source
    assert refusal(source, depth_every=1) == ("the depth of a Record3D capture needs the package pyliblzfse: "
                                              "pip install pyliblzfse")
    sequence = open_sequence(str(source), SourceOptions(depth_every=10))
    assert len(list(sequence)) == SAMPLE_FRAMES and "pip install pyliblzfse" in sequence.skipped.reasons[0]
    assert open_sequence(str(source), SourceOptions()).skipped.reasons == []


def test_record3d_against_the_real_decompressor():
    import liblzfse
    if not hasattr(liblzfse, "compress"):
        pytest.skip("pyliblzfse is not installed")
    assert liblzfse.decompress(lzfse_blocks.compress(b"12345678" * 999)) == b"12345678" * 999
