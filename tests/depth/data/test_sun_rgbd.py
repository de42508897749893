"""SUN RGB-D and its official split."""

import numpy as np
from scipy.io import savemat

from calib.geometry.camera import Camera
from depth.data import sun_rgbd
from depth.data.catalogue import open_dataset
from tests.helpers.depth_datasets import refusal, write_image, write_png


def write_sun_rgbd(scene):
    """One image in the dataset's layout -> its folder."""
    millimetres = np.array([[0, 1234], [8000, 9000]], np.uint16)
    write_image(scene / "image" / f"{scene.name}.jpg", np.full((2, 2, 3), 90, np.uint8))
    write_png(scene / "depth" / f"{scene.name}_abs.png", millimetres << 3 | millimetres >> 13)
    (scene / "intrinsics.txt").write_text("520.5 0 0.6 0 519.5 0.4 0 0 1 ")
    return scene


def test_sun_rgbd(tmp_path):
    scene = write_sun_rgbd(tmp_path / "kv1" / "b3dodata" / "img_0063")
    sample = open_dataset(tmp_path)[0]
    assert np.allclose(sample.depth_m, [[0, 1.234], [8, 0]])
    assert sample.camera == Camera(2, 2, 520.5, 519.5, 0.6, 0.4)
    assert np.allclose(sun_rgbd.metres(np.uint16([[1 << 13 | 8]])), 1.025)
    (scene / "intrinsics.txt").write_text("520.5 0 0.6")
    assert "nine numbers" in refusal(tmp_path)


def test_official_split_of_sun_rgbd(tmp_path):
    """allsplit.mat has absolute paths of its makers' machine, some with a slash behind or two of them amid."""
    folder, kept = tmp_path / "SUNRGBD", ["kv1/b3dodata/img_0063", "kv1/NYUdata/NYU0002", "kv2/kinect2data/img_0063"]
    for name in kept:
        write_sun_rgbd(folder / name)
    assert open_dataset(folder, "train").names == sorted(kept)
    assert "without allsplit.mat of SUNRGBDtoolbox, has no official test images" in refusal(folder, "test")
    cells = {name: np.empty((1, 2), object) for name in ("alltrain", "alltest")}
    cells["alltrain"][0, :] = "/n/fs/sun3d/data/SUNRGBD/kv2/kinect2data/img_0063", "/n/fs/sun3d/data/SUNRGBD/xtion/a"
    cells["alltest"][0, :] = ("/n/fs/sun3d/data/SUNRGBD//kv1/b3dodata/img_0063/",
                              "/n/fs/sun3d/data/SUNRGBD/kv1/NYUdata/NYU0002")
    toolbox = tmp_path / "SUNRGBDtoolbox" / "traintestSUNRGBD"
    toolbox.mkdir(parents=True)
    savemat(toolbox / "allsplit.mat", cells)
    for place in (folder, tmp_path):
        assert [name.removeprefix("SUNRGBD/") for name in open_dataset(place, "test").names] == sorted(kept[:2])
        assert [name.removeprefix("SUNRGBD/") for name in open_dataset(place, "train").names] == kept[2:]
    (toolbox / "allsplit.mat").write_bytes(b"nothing")
    assert "allsplit.mat has no alltest" in refusal(folder)
