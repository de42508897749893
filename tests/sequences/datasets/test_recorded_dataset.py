"""What all recorded datasets do with times, indices and poses."""

import pytest

from calib.base.errors import SourceError
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.dataset_samples import write
from tests.helpers.opening import opened


def test_poses_that_are_missing_or_lost(copied):
    scannet, scenes, own, replica = (copied(name) for name in ("scannet", "seven_scenes", "icl_own_form", "replica"))
    write(scannet.source / "pose" / "2.txt", "-inf -inf -inf -inf\n" * 4)
    (scenes.source / "frame-000001.pose.txt").unlink()
    (own.source / "scene_00_0001.txt").unlink()
    lines = (replica.source / "traj.txt").read_text().splitlines()
    write(replica.source / "traj.txt", "\n".join(lines[:1]))
    for sample, known in ((scannet, [1, 0, 1, 1, 1]), (scenes, [1, 0, 1, 1, 1]), (own, [1, 0, 1, 1, 1]),
                          (replica, [1, 0, 0, 0, 0])):
        sequence = opened(sample, depth_every=0)
        assert [frame.T_world_cam_true is not None for frame in sequence] == known
        assert len(sequence.ground_truth[0]) == sum(known)


def test_repeated_times_are_dropped_and_counted(copied):
    euroc, kitti = copied("euroc").source, copied("kitti").source
    index = euroc / "mav0" / "cam0" / "data.csv"
    lines = index.read_text().splitlines()
    write(index, "\n".join([*lines, "", lines[2]]))
    write(kitti / "times.txt", "0.0\n0.1\n0.1\n0.2\n")
    for source, frames, says in ((euroc, 5, "does not come between"), (kitti, 3, "does not come between")):
        sequence = open_sequence(str(source), SourceOptions())
        assert len(list(sequence)) == frames and says in sequence.skipped.reasons[0]
    assert "times.txt ends after 4 of 5 images" in sequence.skipped.reasons[1]


LISTED = {"freiburg1": "rgb.txt", "euroc": "mav0/cam0/data.csv", "kitti": "times.txt",
          "icl_tum_form": "associations.txt", "stray_scanner": "odometry.csv"}
"""Lists with a line for each frame, which begins with its time."""


@pytest.mark.parametrize("what", ["repeated", "backward", "ahead"])
@pytest.mark.parametrize("name", LISTED)
def test_a_stray_time_in_a_list_costs_its_frame_and_is_named(copied, name, what):
    sample = copied(name)
    path = sample.source / LISTED[name]
    lines = path.read_text().splitlines()
    separator = "," if "," in lines[-1] else " "
    times = [line.split(separator)[0] for line in lines[-5:]]
    wrong = {"repeated": times[2], "backward": times[0], "ahead": f"9{times[4].zfill(4)}"}[what]
    lines[-2] = separator.join([wrong, *lines[-2].split(separator)[1:]])
    write(path, "\n".join(lines) + "\n")
    sequence = opened(sample, depth_every=0)
    times_s = [frame.timestamp_s for frame in sequence]
    assert len(times_s) == 4 and times_s == sorted(times_s)
    assert len(sequence.skipped) == 1 and "does not come between those around it" in sequence.skipped.reasons[0]


def test_a_list_in_another_order_than_time_is_refused(copied):
    kitti = copied("kitti").source
    write(kitti / "times.txt", "0.4\n0.3\n0.2\n0.1\n0.0\n")
    with pytest.raises(SourceError, match="only 1 of 5 could be kept: sort the list by time"):
        open_sequence(str(kitti), SourceOptions())


@pytest.mark.parametrize("name, file", [("freiburg1", "rgb.txt"), ("euroc", "mav0/cam0/data.csv"),
                                        ("icl_tum_form", "associations.txt"), ("stray_scanner", "odometry.csv")])
def test_a_list_that_was_cut_off_is_not_taken_for_a_whole_one(copied, name, file):
    sample = copied(name)
    lines = (sample.source / file).read_text().splitlines()
    write(sample.source / file, "\n".join(lines[:-2]))
    sequence = opened(sample)
    assert sequence.frame_count == 3 and "does not name 2 of the images in" in sequence.skipped.reasons[0]


@pytest.mark.parametrize("wrong", ["999.0", "-5", "nan", "inf"])
def test_a_wrong_time_costs_one_frame(copied, wrong):
    kitti = copied("kitti").source
    write(kitti / "times.txt", f"0.0\n0.1\n{wrong}\n0.3\n0.4\n")
    sequence = open_sequence(str(kitti), SourceOptions())
    assert [frame.timestamp_s for frame in sequence] == [0, 0.1, 0.3, 0.4] and len(sequence.skipped) == 1
