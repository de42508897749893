"""Make3D."""

import numpy as np
import pytest
from scipy.io import savemat

from depth.data.catalogue import open_dataset
from depth.data.make3d import SIZE
from tests.helpers.depth_datasets import refusal, write_image


def test_make3d(tmp_path):
    for place, depths, name in (("Train400Img", "Train400Depth", "a"), ("Test134", "Gridlaserdata", "b")):
        write_image(tmp_path / place / f"img-{name}.jpg", np.full((2272 // 4, 1704 // 4, 3), 90, np.uint8))
        (tmp_path / depths).mkdir()
        grid = np.zeros((55, 305, 4))
        grid[..., 3] = 12.5
        savemat(tmp_path / depths / f"depth_sph_corr-{name}.mat", {"Position3DGrid": grid})
    assert open_dataset(tmp_path, "test").names == ["Test134/img-b.jpg"]
    train = open_dataset(tmp_path, "train")
    sample = train[0]
    assert train.names == ["Train400Img/img-a.jpg"] and sample.rgb.shape == (*SIZE, 3)
    assert sample.depth_m.shape == (55, 305) and np.all(sample.depth_m == 12.5)
    assert sample.camera.fx / 345 == pytest.approx(sample.depth_camera.fx / 305)
    (tmp_path / "Train400Depth" / "depth_sph_corr-a.mat").write_bytes(b"nothing")
    assert "Position3DGrid" in refusal(tmp_path, "train")
