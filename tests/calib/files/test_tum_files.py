"""calib.files.tum_files: poses that are none are named. Index and order: see tests/sequences/datasets/test_tum.py."""

import pytest

from calib.base.errors import SourceError
from calib.files.tum_files import read_trajectory


@pytest.mark.parametrize("line", ["1 1e300 0 0 0 0 0 1", "1 0 0 0 1e-200 0 0 0", "1 0 0 0 0 0 0 1e200",
                                  "1 0 0 0 0 0 0 0"])
def test_numbers_that_are_no_pose_are_named(line, tmp_path):
    (tmp_path / "trajectory.txt").write_text(f"0 0 0 0 0 0 0 1\n{line}\n")
    with pytest.raises(SourceError, match="line 2: expected"):
        read_trajectory(tmp_path / "trajectory.txt")
