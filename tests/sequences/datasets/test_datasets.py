"""Every recorded dataset, in a small sample of the synthetic room: what comes out is what the renderer knows."""

import json
import shutil
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from calib.base.errors import BadInputError
from calib.geometry.camera import Camera
from calib.geometry.rectification import Rectifier, rectified
from calib.geometry.se3 import inverse
from monofuse import run as run_slam
from sequences.catalogue import open_sequence
from sequences.datasets.recorded_dataset import longest_increase
from sequences.sequence import SourceOptions
from tests.helpers import lzfse_blocks
from tests.helpers.damage import damage, outcome_of
from tests.helpers.dataset_samples import WRITERS, write
from tests.helpers.studio import Studio
from tests.helpers.tiny_recordings import truncate, write_camera

FRAMES = 5
WITH_DEPTH = [name for name in WRITERS if name not in ("euroc", "kitti")]
WITH_TRUTH = [name for name in WRITERS if not name.startswith("nyu")]
IN_FILES = [name for name in WRITERS if name not in ("sens", "stray_scanner", "record3d")]
"""Whose images are files."""


@pytest.fixture(scope="session")
def studio(room):
    return Studio(room, FRAMES)


@pytest.fixture(scope="session")
def samples(studio, tmp_path_factory):
    """name -> Sample, written where it is first asked for. Not to be changed."""
    written = {}

    def sample(name):
        if name not in written:
            written[name] = WRITERS[name][1](tmp_path_factory.mktemp(name) / name, studio)
        return written[name]

    return sample


@pytest.fixture
def copied(samples, tmp_path):
    """name -> Sample that may be damaged."""
    def copy(name):
        sample = samples(name)
        levels = {"kitti": 2, "replica": 1}.get(name, 0)
        root = sample.source.parents[levels]
        copy = shutil.copytree(root, tmp_path / name)
        return sample._replace(source=copy / sample.source.relative_to(root))

    return copy


@pytest.fixture(autouse=True)
def lzfse(monkeypatch):
    lzfse_blocks.stand_in(monkeypatch.setitem)


def opened(sample, **options):
    return open_sequence(str(sample.source), SourceOptions(**{"depth_every": int(sample.has_depth)} | options))


def unpacked(archive):
    """-> folder with what a .r3d file holds."""
    zipfile.ZipFile(archive).extractall(archive.with_suffix(""))
    return archive.with_suffix("")


def refusal(source, **options):
    with pytest.raises(BadInputError) as caught:
        list(open_sequence(str(source), SourceOptions(**options)))
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2
    return str(caught.value)


# Whole recordings


@pytest.mark.parametrize("name", WRITERS)
def test_recognised_and_named(samples, name):
    sample = samples(name)
    recognised = open_sequence(str(sample.source), SourceOptions())
    named = open_sequence(f"{WRITERS[name][0]}:{sample.source}", SourceOptions())
    assert type(recognised) is type(named) and recognised.name == named.name
    assert recognised.frame_count == FRAMES and recognised.skipped.reasons == []
    assert (recognised.ground_truth is not None) == sample.has_truth
    assert all(frame.sensor_depth is None for frame in recognised)


@pytest.mark.parametrize("name", WRITERS)
def test_images_are_what_the_camera_sees(samples, studio, name):
    sample, sequence = samples(name), opened(samples(name))
    frames = list(sequence)
    assert [frame.index for frame in frames] == list(range(FRAMES)) and sequence.skipped.reasons == []
    assert np.all(np.diff([frame.timestamp_s for frame in frames]) > 0.01)
    camera = sequence.camera
    assert camera.size == sample.camera.size and camera.distortion == sample.camera.distortion
    assert np.allclose(camera.pinhole, sample.camera.pinhole, rtol=1e-4, atol=0)
    for frame, T_world_cam in zip(frames, sample.T_world_cam):
        seen = studio.shoot(camera, T_world_cam)[0].astype(float) @ (0.299, 0.587, 0.114)
        assert np.median(np.abs(frame.rgb.astype(float) @ (0.299, 0.587, 0.114) - seen)) < 4, "but for compression"


@pytest.mark.parametrize("name", WITH_DEPTH)
def test_depth_is_that_of_the_room(samples, studio, name):
    sample = samples(name)
    for frame, T_world_cam in zip(opened(sample), sample.T_world_cam):
        depth = frame.sensor_depth
        known, exact_m = depth.depth_m > 0, studio.shoot(depth.camera, T_world_cam)[1]
        step_m = exact_m**2 / 351.3 if name == "nyu_raw" else 0.001
        wrong = np.abs(depth.depth_m - exact_m)[known] > (0.005 * exact_m + step_m)[known]
        assert depth.depth_m.dtype == np.float32 and known.mean() > 0.75 and wrong.mean() < 0.05


@pytest.mark.parametrize("name", WITH_TRUTH)
def test_motions_are_those_of_the_colour_camera(samples, name):
    sample, sequence = samples(name), opened(samples(name))
    frames, (times_s, T_world_true) = list(sequence), sequence.ground_truth
    assert np.allclose(times_s, [frame.timestamp_s for frame in frames], atol=1e-3)
    for frame, T_true, T_world_cam in zip(frames, T_world_true, sample.T_world_cam):
        moved = inverse(frames[0].T_world_cam_true) @ frame.T_world_cam_true
        assert np.allclose(moved, inverse(sample.T_world_cam[0]) @ T_world_cam, atol=1e-5)
        assert np.array_equal(T_true, frame.T_world_cam_true)


@pytest.mark.parametrize("name", [name for name in WITH_DEPTH if name in WITH_TRUTH])
def test_depth_moved_by_the_motions_meets_later_depth(samples, name):
    """The recording against itself, as SLAM gets it: without distortion."""
    sequence = opened(samples(name))
    first, *_, last = rectified(sequence, Rectifier(sequence.camera))
    a, b = first.sensor_depth, last.sensor_depth
    T_b_a = inverse(last.T_world_cam_true) @ first.T_world_cam_true
    assert np.linalg.norm(T_b_a[:3, 3]) > 0.03 and not a.camera.is_distorted
    points = a.camera.backproject(a.depth_m)[a.depth_m > 0] @ T_b_a[:3, :3].T + T_b_a[:3, 3]
    u, v = np.rint(b.camera.project(points)).astype(int).T
    inside = (u >= 0) & (u < b.camera.width) & (v >= 0) & (v < b.camera.height)
    met_m, z_m = b.depth_m[v[inside], u[inside]], points[inside, 2]
    assert np.median(np.abs(met_m - z_m)[met_m > 0] / z_m[met_m > 0]) < 0.005


@pytest.mark.parametrize("name", [name if name in ("euroc", "record3d") else
                                  pytest.param(name, marks=pytest.mark.heavy) for name in WRITERS])
def test_runs_to_a_mesh(samples, name, kernels, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("monofuse.results.overview", lambda session, mesh: np.zeros((8, 8, 3), np.uint8))
    depth = [] if samples(name).has_depth else ["--depth", "mobile"]
    assert run_slam.main([str(samples(name).source), *depth, "--max-frames", "5", "--output", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["frames"], report["tracked"], report["skipped"]) == (5, 5, 0)
    assert (tmp_path / "mesh.ply").stat().st_size > 10_000
    if name in WITH_TRUTH:
        assert report["ate_sim3_m"] < 0.005 and (report["ate_se3_m"] < 0.003 or depth)


@pytest.mark.parametrize("name", WRITERS)
def test_options_of_every_recording(samples, name, tmp_path):
    sample = samples(name)
    size = sample.camera.size
    write_camera(tmp_path / "mine.yaml", Camera(size[1], size[0], 321.0, 321.0, size[1] / 2, size[0] / 2))
    sequence = opened(sample, max_frames=3, calibration_file=tmp_path / "mine.yaml", depth_every=2)
    frames = list(sequence)
    assert sequence.frame_count == len(frames) == 3 and sequence.camera.fx == 321 and not sequence.camera.is_distorted
    assert [frame.sensor_depth is not None for frame in frames] == [sample.has_depth, False, sample.has_depth]


@pytest.mark.parametrize("name", ["euroc", "kitti"])
def test_recordings_without_depth_say_so(samples, name):
    assert "has no depth images: choose a network" in refusal(samples(name).source, depth_every=1)


# Damaged ones


@pytest.mark.parametrize("name", IN_FILES)
@pytest.mark.parametrize("damage", [truncate, Path.unlink, lambda path: path.write_bytes(b"")])
def test_unreadable_images_are_skipped_and_counted(copied, name, damage):
    sample = copied(name)
    sequence = opened(sample)
    damage(sequence.shots[2].image)
    frames = list(sequence)
    assert [frame.index for frame in frames] == [0, 1, 3, 4] and len(sequence.skipped) == 1
    assert sequence.shots[2].image.name in sequence.skipped.reasons[0]


@pytest.mark.parametrize("name", [name for name in IN_FILES if name in WITH_DEPTH])
@pytest.mark.parametrize("damage", [truncate, lambda path: path.write_bytes(b"")])
def test_unreadable_depth_is_counted_and_its_image_used(copied, name, damage):
    sequence = opened(copied(name))
    damage(sequence.shots[3].depth)
    assert [frame.sensor_depth is not None for frame in sequence] == [True, True, True, False, True]
    assert len(sequence.skipped) == 1 and sequence.shots[3].depth.name in sequence.skipped.reasons[0]


@pytest.mark.parametrize("name", [name for name in IN_FILES if name in WITH_DEPTH])
def test_useless_depth_is_refused_before_the_run(copied, name):
    sample = copied(name)
    for shot in opened(sample).shots:
        shot.depth.write_bytes(b"")
    assert "none of its 5 images can be read" in refusal(sample.source, depth_every=1)


def test_nyu_raw_with_the_defects_of_the_real_dump(copied):
    """Duplicate times, files that INDEX.txt names and the folder lacks, stray images."""
    folder = copied("nyu_raw").source
    colour, depth = sorted(folder.glob("r-*.ppm")), sorted(folder.glob("d-*.pgm"))
    for path in (colour[2], depth[1]):
        shutil.copy(path, path.with_name(path.name.replace("-31187876", "-91187876")))
    colour[-2].unlink()
    write(folder / "INDEX.txt", (folder / "INDEX.txt").read_text() + "\n\n\nr-1294886399.0-1.ppm\n")
    sequence = open_sequence(str(folder), SourceOptions(depth_every=1))
    assert len(sequence.shots) == 5 and "INDEX.txt names 2 images that are not there" in sequence.skipped.reasons[0]
    frames = list(sequence)
    assert [frame.index for frame in frames] == [0, 1, 2, 3] and "truncated or empty" in sequence.skipped.reasons[1]


def test_nyu_pairs_take_the_longest_run(copied):
    folder = copied("nyu_pairs").source
    (folder / "rgb_00042.jpg").unlink()
    sequence = open_sequence(str(folder), SourceOptions())
    assert len(sequence.shots) == 3 and "1 images are outside its longest run without a gap, 43 to 45" in \
        sequence.skipped.reasons[0]
    (folder / "rgb_00044.jpg").unlink()
    assert "do not follow one another, so they are no video" in refusal(folder)


def test_motions_that_are_missing_or_lost(copied):
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


def test_a_sens_file_that_breaks_off(copied):
    sample = copied("sens")
    truncate(sample.source / "scene0000_00.sens", 0.75)
    sequence = opened(sample)
    assert len(list(sequence)) == 3 and "ends after 3 of 5 frames" in sequence.skipped.reasons[0]


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


@pytest.mark.parametrize("values, kept", [([], []), ([5], [0]), ([1, 2, 2, 3], [0, 1, 3]), ([9, 1, 2, 3], [1, 2, 3]),
                                          ([1, 2, 99, 3, 4], [0, 1, 3, 4]), ([2, 2, 2], [0])])
def test_longest_increase(values, kept):
    assert longest_increase(values) == kept


def test_a_sens_file_without_times(samples, tmp_path):
    """Frame after frame says 0."""
    sample = samples("sens")
    data, start = bytearray((sample.source / "scene0000_00.sens").read_bytes()), 12 + 15 + 256 + 36
    for _ in range(FRAMES):
        colour_size, depth_size = struct.unpack_from("<2Q", data, start + 80)
        data[start + 64:start + 80] = bytes(16)
        start += 96 + colour_size + depth_size
    write(tmp_path / "scene0000_00.sens", bytes(data))
    sequence = open_sequence(str(tmp_path), SourceOptions())
    assert np.allclose([frame.timestamp_s for frame in sequence], np.arange(FRAMES) / 30) and not len(sequence.skipped)


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


def test_older_record3d_captures_say_less(copied):
    sample = copied("record3d")
    folder = unpacked(sample.source)
    metadata = json.loads((folder / "metadata").read_text())
    del metadata["frameTimestamps"], metadata["perFrameIntrinsicCoeffs"], metadata["poses"][2:]
    write(folder / "metadata", json.dumps(metadata))
    sequence = open_sequence(str(folder), SourceOptions())
    assert np.allclose([frame.timestamp_s for frame in sequence], np.arange(FRAMES) / 60)
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
    assert len(list(sequence)) == FRAMES and "pip install pyliblzfse" in sequence.skipped.reasons[0]
    assert open_sequence(str(source), SourceOptions()).skipped.reasons == []


def test_record3d_against_the_real_decompressor():
    import liblzfse
    if not hasattr(liblzfse, "compress"):
        pytest.skip("pyliblzfse is not installed")
    assert liblzfse.decompress(lzfse_blocks.compress(b"12345678" * 999)) == b"12345678" * 999


# Incomplete ones, and ones with something else in their files


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
        assert open_sequence(source, SourceOptions()).frame_count == FRAMES
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
    ("euroc", "mav0/cam0/sensor.yaml", "camera_model: pinhole\n", "sensor.yaml: lacks intrinsics, resolution"),
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


def test_euroc_cameras_may_be_fisheyes(copied, tmp_path):
    source = copied("euroc").source
    path = source / "mav0" / "cam0" / "sensor.yaml"
    write(path, path.read_text().replace("radial-tangential", "equidistant"))
    camera = open_sequence(str(source), SourceOptions()).camera
    assert (camera.model, camera.fx, camera.distortion[0]) == ("fisheye", 458.654, -0.28340811)
    write(path, path.read_text().replace("equidistant", "omni"))
    assert "distortion model 'omni' is not supported; supported are radial-tangential, none, equid" in refusal(source)
    write_camera(tmp_path / "mine.yaml", Camera(752, 480, 321.0, 321.0, 375.5, 239.5))
    assert open_sequence(str(source), SourceOptions(calibration_file=tmp_path / "mine.yaml")).camera.fx == 321


@pytest.mark.parametrize("name", WRITERS)
def test_random_damage_is_an_error_or_a_skipped_frame(copied, name):
    """benchmarks/fuzz.py tries hundreds."""
    sample, rng = copied(name), np.random.default_rng(sorted(WRITERS).index(name))
    for _ in range(6):
        path, whole = damage(sample.source if sample.source.is_dir() else sample.source.parent, rng)
        assert outcome_of(sample) in ("refused", "skipped", "unnoticed")
        path.write_bytes(whole)
