"""benchmarks/variants.py: halves and noisy copies of a recording, read back as recordings."""


import numpy as np
import pytest

from benchmarks.variants import NOISE_LEVELS, halves, noisy
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.tiny_recordings import SIZE, truncate, write_rgb, write_tum

COUNT = 9


@pytest.fixture
def recording(tmp_path):
    """Its images are of one grey, whose noise no end of the range cuts off."""
    folder = write_tum(tmp_path / "walk", COUNT)
    for k in range(COUNT):
        write_rgb(folder / "rgb" / f"{k}.png", np.full((*SIZE, 3), 100 + k, np.uint8))
    return folder


def read(folder):
    """-> frames by their time, and the sequence"""
    sequence = open_sequence(str(folder), SourceOptions(depth_every=1))
    return {frame.timestamp_s: frame for frame in sequence}, sequence


def test_halves_are_windows_of_the_original_spread_from_start_to_end(recording):
    whole, original = read(recording)
    times_s, spans = list(whole), []
    for folder in halves(recording, 3):
        half, sequence = read(folder)
        assert sequence.name == original.name and sequence.camera == original.camera and not sequence.skipped
        for time_s, frame in half.items():
            assert np.array_equal(frame.rgb, whole[time_s].rgb)
            assert np.array_equal(frame.sensor_depth.depth_m, whole[time_s].sensor_depth.depth_m)
            assert np.array_equal(frame.T_world_cam_true, whole[time_s].T_world_cam_true)
        spans.append([times_s.index(time_s) for time_s in half])
    assert spans == [[0, 1, 2, 3, 4], [2, 3, 4, 5, 6], [4, 5, 6, 7, 8]]


def test_noise_is_as_large_as_said_and_another_in_each_copy(recording):
    whole, _ = read(recording)
    copies = []
    for folder in noisy(recording, 2):
        frames, sequence = read(folder)
        assert list(frames) == list(whole) and not sequence.skipped
        assert all(np.array_equal(frame.sensor_depth.depth_m, whole[time_s].sensor_depth.depth_m)
                   for time_s, frame in frames.items())
        copies.append(np.array([frame.rgb.astype(float) - whole[time_s].rgb for time_s, frame in frames.items()]))
    assert np.std(copies, axis=(1, 2, 3, 4)) == pytest.approx(NOISE_LEVELS, rel=0.03)
    assert np.mean(copies, axis=(1, 2, 3, 4)) == pytest.approx(0, abs=0.15)
    images = np.concatenate(copies).reshape(2 * COUNT, -1)
    assert np.abs(np.corrcoef(images) - np.eye(2 * COUNT)).max() < 0.1
    again = [read(folder)[0][0.0].rgb - 100.0 for folder in noisy(recording, 2)]
    assert np.array_equal(again, [copy[0] for copy in copies])


def test_the_original_stays_as_it_is_and_nothing_else_is_left(recording):
    before = {path: path.read_bytes() for path in recording.parent.rglob("*") if path.is_file()}
    folders = [*halves(recording, 2), *noisy(recording, 1)]
    assert not any(folder.exists() for folder in folders)
    assert {path: path.read_bytes() for path in recording.parent.rglob("*") if path.is_file()} == before


def test_what_is_damaged_is_skipped_as_in_the_original(recording):
    truncate(recording / "rgb" / "4.png")
    for folder in noisy(recording, 1):
        frames, sequence = read(folder)
        assert len(frames) == COUNT - 1 and len(sequence.skipped) == 1


def test_the_cameras_of_the_tum_benchmark_are_known_by_the_folder(recording):
    there = recording.rename(recording.parent / "freiburg2_walk")
    (there / "calibration.yaml").unlink()
    for k in range(COUNT):
        write_rgb(there / "rgb" / f"{k}.png", np.full((48, 64, 3), 100, np.uint8))
    camera = read(there)[1].camera
    assert [read(folder)[1].camera for folder in halves(there, 2)] == [camera, camera] and camera.is_distorted


def test_the_better_ground_truth_goes_along(recording):
    (recording / "groundtruth_sfm.txt").write_text("0.0 1 2 3 0 0 0 1\n0.8 1 2 3 0 0 0 1\n")
    for folder in halves(recording, 1):
        assert read(folder)[1].ground_truth_name == "groundtruth_sfm.txt"
