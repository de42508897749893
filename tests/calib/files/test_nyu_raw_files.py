"""Times in the file names of NYU Depth v2."""

import numpy as np
import pytest

from calib.base.errors import BadInputError
from calib.files.nyu_raw_files import colour_depth_pairs, video_frames


def test_nyu_colour_images_go_with_one_depth_image_each(tmp_path):
    for name in ("d-1.00-5.pgm", "d-1.30-5.pgm", "d-1.32-5.pgm", "d-1.91-6.pgm", "d-1.91-7.pgm", "d-9.00-1.pgm",
                 "r-1.02-5.ppm", "r-1.31-5.ppm", "r-1.90-5.ppm", "r-3.00-5.ppm", "a-1.00-5.dump"):
        (tmp_path / name).touch()
    assert [(time_s, rgb.name, depth.name) for time_s, rgb, depth in colour_depth_pairs(tmp_path)] == [
        (1.02, "r-1.02-5.ppm", "d-1.00-5.pgm"), (1.90, "r-1.90-5.ppm", "d-1.91-6.pgm")]
    (tmp_path / "d-x.pgm").touch()
    with pytest.raises(BadInputError, match="d-x.pgm"):
        colour_depth_pairs(tmp_path)


def test_as_a_video_every_colour_image_is_a_frame(tmp_path):
    """Depth nearest in time, also for two frames, and none where it is more than 20 ms away."""
    for name in ("r-1.000-1.ppm", "r-1.033-2.ppm", "r-1.033-3.ppm", "r-1.066-4.ppm", "r-1.100-5.ppm",
                 "d-1.005-1.pgm", "d-1.050-2.pgm", "d-1.300-3.pgm"):
        (tmp_path / name).touch()
    assert [(time_s, rgb.name, depth and depth.name) for time_s, rgb, depth in video_frames(tmp_path)] == [
        (1.0, "r-1.000-1.ppm", "d-1.005-1.pgm"), (1.033, "r-1.033-2.ppm", "d-1.050-2.pgm"),
        (1.066, "r-1.066-4.ppm", "d-1.050-2.pgm"), (1.1, "r-1.100-5.ppm", None)]


def test_a_recorder_that_stalls_costs_the_video_nothing(tmp_path):
    """30 Hz colour beside depth with a clock of its own: as pairs to train on a third is lost, as a video nothing."""
    rng = np.random.default_rng(0)
    colour_s = 100 + np.cumsum(rng.uniform(0.028, 0.038, 300))
    depth_s = 100 + np.cumsum(rng.uniform(0.02, 0.06, 250))
    for time_s in colour_s:
        (tmp_path / f"r-{time_s:.6f}-1.ppm").touch()
    for time_s in depth_s:
        (tmp_path / f"d-{time_s:.6f}-1.pgm").touch()
    frames = video_frames(tmp_path)
    assert len(frames) == 300 and max(np.diff([time_s for time_s, *_ in frames])) < 0.04
    assert len(colour_depth_pairs(tmp_path)) < 220 < sum(depth is not None for *_, depth in frames)
