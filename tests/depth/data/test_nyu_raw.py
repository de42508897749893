"""NYU's raw recordings."""

import numpy as np
import pytest

from calib.geometry.nyu_kinect import DEPTH_NUMERATOR, DEPTH_OFFSET
from depth.data.catalogue import open_dataset
from depth.data.scenes import per_scene
from tests.helpers.depth_datasets import refusal, write_image


def write_pgm(path, values):
    """16-bit PGM as the recorder wrote it, with the bytes the other way round."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = f"P5\n{values.shape[1]} {values.shape[0]}\n65535\n".encode()
    path.write_bytes(header + values.astype("<u2").tobytes())


def raw_disparity(depth_m):
    return DEPTH_OFFSET - DEPTH_NUMERATOR / depth_m


def test_nyu_raw(tmp_path):
    scene = tmp_path / "office_0001"
    disparity = np.full((480, 640), raw_disparity(2.0))
    disparity[:40], disparity[-40:] = raw_disparity(1.0), 2047  # nearest of all, and none
    disparity[40:60] = raw_disparity(9.0)
    write_pgm(scene / "d-10.00-1.pgm", np.rint(disparity))
    write_image(scene / "r-10.01-1.ppm", np.full((480, 640, 3), 77, np.uint8))
    sample = open_dataset(tmp_path)[0]
    seen = sample.depth_m[sample.depth_m > 0]
    step_m = 2.0**2 / DEPTH_NUMERATOR  # between neighbouring disparities
    assert sample.rgb.shape == (480, 640, 3) and sample.depth_m.shape == (480, 640)
    assert np.abs(seen - 2.0).max() < step_m + 0.02 and (sample.depth_m[100:400, 60:580] > 0).mean() > 0.7
    assert np.all(sample.depth_m[:30] == 0)  # least and greatest of the image are no measurements


def test_nyu_raw_images_of_another_size(tmp_path):
    write_pgm(tmp_path / "d-10.00-1.pgm", np.full((240, 320), 900))
    write_image(tmp_path / "r-10.01-1.ppm", np.full((480, 640, 3), 77, np.uint8))
    assert "are not both 640x480" in refusal(tmp_path)


def test_near_depth_that_the_toolbox_drops(tmp_path):
    """Disparities below 600, nearer than 0.71 m."""
    disparity = np.full((480, 640), raw_disparity(2.0))
    disparity[100:200] = raw_disparity(0.5)
    disparity[0, :3] = [raw_disparity(depth_m) for depth_m in (0.45, 1.0, 3.0)]  # the least and greatest are left out
    write_pgm(tmp_path / "d-10.00-1.pgm", np.rint(disparity))
    write_image(tmp_path / "r-10.01-1.ppm", np.full((480, 640, 3), 77, np.uint8))
    kept, dropped = (open_dataset(f"nyu_raw,near={near}:{tmp_path}")[0].depth_m for near in ("kept", "dropped"))
    assert np.median(kept[145:205, 150:450]) == pytest.approx(0.5, abs=0.01)
    assert not dropped[145:205, 150:450].any() and np.array_equal(dropped[300:], kept[300:])


def test_how_many_pairs_of_each_scene(tmp_path):
    for scene, count in (("long", 10), ("short", 2)):
        for k in range(count):
            for name in (f"d-{10 + k}.00-1.pgm", f"r-{10 + k}.01-1.ppm"):
                (tmp_path / scene).mkdir(exist_ok=True)
                (tmp_path / scene / name).touch()
    seconds = {option: [path[:5].rstrip("/") + path.split("r-")[1][:2] for path in
                        open_dataset(f"nyu_raw,{option}:{tmp_path}").names] for option in ("spaced=4", "even=4")}
    assert seconds["spaced=4"] == ["long11", "long13", "long16", "long18", "short10", "short11"]
    assert seconds["even=4"] == ["long11", "long13", "long16", "long18", "short10", "short10", "short11", "short11"]


def test_images_to_measure_on_are_not_repeated():
    assert per_scene([0, 1, 2], "aab", "train", even=2) == [0, 1, 2, 2]
    assert per_scene([0, 1, 2], "aab", "val", even=2) == [0, 1, 2]
    assert per_scene([0, 1, 2], "aab", "val", spaced=1) == [1, 2]
