"""Times in the file names of NYU Depth v2."""

import pytest

from calib.base.errors import BadInputError
from calib.files.nyu_raw_files import colour_depth_pairs


def test_nyu_colour_images_go_with_one_depth_image_each(tmp_path):
    for name in ("d-1.00-5.pgm", "d-1.30-5.pgm", "d-1.32-5.pgm", "d-1.91-6.pgm", "d-1.91-7.pgm", "d-9.00-1.pgm",
                 "r-1.02-5.ppm", "r-1.31-5.ppm", "r-1.90-5.ppm", "r-3.00-5.ppm", "a-1.00-5.dump"):
        (tmp_path / name).touch()
    assert [(time_s, rgb.name, depth.name) for time_s, rgb, depth in colour_depth_pairs(tmp_path)] == [
        (1.02, "r-1.02-5.ppm", "d-1.00-5.pgm"), (1.90, "r-1.90-5.ppm", "d-1.91-6.pgm")]
    (tmp_path / "d-x.pgm").touch()
    with pytest.raises(BadInputError, match="d-x.pgm"):
        colour_depth_pairs(tmp_path)
