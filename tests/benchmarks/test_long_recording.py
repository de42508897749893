"""A recording that is played to and fro."""

import pytest

from benchmarks.long_recording import Reading, rows, there_and_back


@pytest.fixture
def recording(tmp_path):
    folder = tmp_path / "recording"
    (folder / "rgb").mkdir(parents=True)
    for number in range(3):
        (folder / f"rgb/{number}.jpg").write_bytes(bytes([number]))
    (folder / "rgb.txt").write_text("# time file\n" + "".join(f"{10 + 0.1 * n:.1f} rgb/{n}.jpg\n" for n in range(3)))
    (folder / "groundtruth.txt").write_text("".join(f"{t:.2f} {t}\n" for t in (9.99, 10.01, 10.19, 10.21)))
    return folder


def test_images_go_forward_then_backward_at_the_same_pace_and_poses_with_them(recording, tmp_path):
    there_and_back(recording, tmp_path / "long", 8)
    lines = [line.split() for line in (tmp_path / "long/rgb.txt").read_text().splitlines()]
    assert [name for _, name in lines] == [f"rgb/{n}.jpg" for n in (0, 1, 2, 2, 1, 0, 0, 1)]
    assert [float(time_s) for time_s, _ in lines] == pytest.approx([10 + 0.1 * n for n in range(8)])
    assert (tmp_path / "long/rgb/2.jpg").read_bytes() == b"\2"
    poses = [float(word) for word in (tmp_path / "long/groundtruth.txt").read_text().split()]
    assert poses[::2] == pytest.approx([10.01, 10.19, 10.31, 10.49, 10.61])
    assert poses[1::2] == [10.01, 10.19, 10.19, 10.01, 10.01]


def test_a_row_tells_what_the_frames_since_the_last_one_took():
    read = [Reading(frames, frames // 10, 3, seconds, seconds, 500)
            for frames, seconds in ((0, 1), (60, 2), (100, 3), (150, 9))]
    assert list(rows(iter(read), 100)) == [["100", "10", "3", "20.0", "20.0", "500"]]
