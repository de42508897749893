"""Incomplete recordings, and ones with something else in their files: what the user is told."""

import pytest

from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.dataset_samples import SAMPLE_FRAMES, WRITERS, write
from tests.helpers.opening import refusal


@pytest.mark.parametrize("name", ["euroc", "kitti"])
def test_recordings_without_depth_say_so(samples, name):
    assert "has no depth images: choose a network" in refusal(samples(name).source, depth_every=1)


@pytest.mark.parametrize("name, pattern, says", [
    ("nyu_raw", "r-*.ppm", "is no folder of NYU Depth v2: looked for r-*.ppm and d-*.pgm"),
    ("nyu_pairs", "rgb_*.jpg", "is no folder of NYU Depth v2: looked for"),
    ("icl_tum_form", "**/*.png", "none of its 5 images can be read"),
    ("icl_tum_form", "associations.txt", None),
    ("seven_scenes", "*.color.png", "has no images: expected frame-*.color.png"),
    ("scannet", "intrinsic/intrinsic_color.txt", "lacks intrinsic/intrinsic_color.txt: expected color/N.jpg"),
    ("scannet", "color/*.jpg", "color has no images"),
    ("replica", "traj.txt", "lacks traj.txt: expected traj.txt and results/frame*.jpg"),
    ("replica", "results/*.jpg", "has no images: expected traj.txt and results/frame*.jpg"),
    ("euroc", "mav0/cam0/sensor.yaml", "mav0 lacks cam0/sensor.yaml: expected mav0/cam0/data.csv"),
    ("kitti", "calib.txt", "lacks calib.txt: expected image_2"),
    ("kitti", "image_2/*.png", "image_2 has no images"),
    ("stray_scanner", "camera_matrix.csv", "lacks camera_matrix.csv: expected rgb.mp4"),
    ("stray_scanner", "odometry.csv", "is no capture of a phone: looked for rgb.mp4, camera_matrix.csv")])
def test_what_is_missing_is_said(copied, name, pattern, says):
    sample = copied(name)
    for path in list(sample.source.glob(pattern)):
        path.unlink()
    source = f"{WRITERS[name][0]}:{sample.source}"
    if says is None:
        assert open_sequence(source, SourceOptions()).frame_count == SAMPLE_FRAMES
    else:
        assert says in refusal(source)


@pytest.mark.parametrize("name, file, content, says", [
    ("icl_tum_form", "associations.txt", "1 depth/1.png\n", "line 1: expected `number depth/N.png number rgb/N.png`"),
    ("icl_tum_form", "livingRoom0.gt.freiburg", "1 2 3\n", "livingRoom0.gt.freiburg line 1: expected `timestamp tx"),
    ("icl_own_form", "scene_00_0002.txt", "cam_pos = [0, 1]';\n", "expected cam_pos, cam_dir and cam_up"),
    ("icl_own_form", "scene_00_0002.txt", "cam_pos = [0, 1, 2]';\ncam_dir = [0, 0, 0]';\ncam_up = [0, 1, 0]';\n",
     "no rotation"),
    ("seven_scenes", "frame-000001.pose.txt", "1 0 0 0 0 1\n", "expected 16 numbers, found 6"),
    ("seven_scenes", "frame-000001.pose.txt", "2 0 0 0 0 2 0 0 0 0 2 0 0 0 0 1\n", "no rotation"),
    ("scannet", "intrinsic/intrinsic_color.txt", "a b c d\n" * 4, "expected numbers, found 'a b c d"),
    ("scannet", "intrinsic/intrinsic_depth.txt", "0 0 0 0\n" * 4, "intrinsic_depth.txt: a camera needs a positive"),
    ("replica", "traj.txt", "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1\n1 0\n", "traj.txt line 2: expected the 12 or 16 numbers"),
    ("replica", "../cam_params.json", "{}", "cam_params.json: expected camera with w, h, fx, fy, cx, cy and scale"),
    ("replica", "../cam_params.json", '{"camera": {"w": 1, "h": 1, "fx": 1, "fy": 1, "cx": 1, "cy": 1, "scale": 0}}',
     "depth_scale must be positive"),
    ("replica", "../cam_params.json", '{"camera": {"w": 1e999, "h": 1}}', "cam_params.json: expected camera with"),
    ("euroc", "mav0/cam0/data.csv", "#time\n12,a.png\nb.png\n", "data.csv line 3: expected `time in ns,file`"),
    ("euroc", "mav0/cam0/data.csv", "#time\n12,a\0.png\n", "none of its 1 images can be read"),
    ("euroc", "mav0/cam0/sensor.yaml", "a: [", "is not YAML"),
    ("euroc", "mav0/cam0/sensor.yaml", "camera_model: pinhole\n", "sensor.yaml: lacks fx, fy, cx, cy"),
    ("euroc", "mav0/state_groundtruth_estimate0/data.csv", "1,2,3\n", "expected time in ns, position and quaternion"),
    ("kitti", "calib.txt", "P0: 1 2 3\n", "calib.txt: expected a line `P2:` with the 12 numbers"),
    ("kitti", "times.txt", "0.0\n,\n", "times.txt line 2: expected one number, found ','"),
    ("kitti", "times.txt", "now\n", "times.txt line 1: expected numbers"),
    ("stray_scanner", "odometry.csv", "time, frame\n", "odometry.csv lacks the columns timestamp, x, y"),
    ("stray_scanner", "odometry.csv", "timestamp, frame, x, y, z, qx, qy, qz, qw\n1, 2\n",
     "line 2: expected numbers in"),
    ("stray_scanner", "odometry.csv", "timestamp, frame, x, y, z, qx, qy, qz, qw\n", "has no images"),
    ("stray_scanner", "odometry.csv", "timestamp, frame, x, y, z, qx, qy, qz, qw\n1, inf, 0, 0, 0, 0, 0, 0, 1\n",
     "has no depth images"),
    ("stray_scanner", "camera_matrix.csv", "1, 0\n", "camera_matrix.csv: expected 9 numbers, found 2"),
    ("stray_scanner", "rgb.mp4", "no video", "rgb.mp4: none of its 1 images can be read"),
    ("record3d", "", "no archive", "is no whole .r3d file"),
    ("sens", "scene0000_00.sens", "no scan", "ends within its header"),
    ("sens", "scene0000_00.sens", "no scan " * 50, "is no .sens file of version 4")])
def test_what_a_file_should_hold_is_said(copied, name, file, content, says):
    sample = copied(name)
    write(sample.source / file, content)
    assert says in refusal(f"{WRITERS[name][0]}:{sample.source}", depth_every=int(sample.has_depth))
