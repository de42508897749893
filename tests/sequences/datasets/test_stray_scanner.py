"""Stray Scanner: videos shorter than their odometry, intrinsics that follow the focus."""

from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.dataset_samples import write
from tests.helpers.tiny_recordings import truncate


def test_a_phones_video_is_shorter_than_its_odometry(copied):
    folder = copied("stray_scanner").source
    rows = (folder / "odometry.csv").read_text()
    write(folder / "odometry.csv", rows + "71530.0, 000005, 0, 0, 0, 0, 0, 0, 1\n")
    (folder / "confidence" / "000001.png").unlink()
    truncate(folder / "confidence" / "000002.png")
    sequence = open_sequence(str(folder), SourceOptions(depth_every=1))
    frames = list(sequence)
    assert [frame.sensor_depth is not None for frame in frames] == [True, True, False, True, True]
    assert not frames[0].sensor_depth.depth_m[:, 5].any() and frames[1].sensor_depth.depth_m[:, 5].all()
    assert "000002.png" in sequence.skipped.reasons[0] and "has no frame 5" in sequence.skipped.reasons[1]


def test_intrinsics_of_each_frame_go_before_those_of_the_last(copied):
    folder = copied("stray_scanner").source
    header, *rows = (folder / "odometry.csv").read_text().splitlines()
    write(folder / "odometry.csv", "\n".join([
        header + ", fx, fy, cx, cy", *(f"{row}, {330 + k}, {330 + k}, 239.5, 179.5" for k, row in enumerate(rows))]))
    assert open_sequence(str(folder), SourceOptions()).camera.fx == 332
