"""Datasets: tiny ones in the layout of each, what they must refuse, and the real images where there are any."""

import sys
import tracemalloc

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from calib.base.errors import BadInputError, MissingPackageError
from calib.formats.calibration_file import Calibration, write_calibration
from calib.geometry.camera import Camera
from calib.geometry.nyu_kinect import DEPTH_NUMERATOR, DEPTH_OFFSET, NYU_CAMERA
from depth.data import kitti, sun_rgbd
from depth.data.catalogue import DATASETS, open_dataset
from depth.data.make3d import SIZE as MAKE3D_SIZE
from depth.data.split import BLOCK, EVERY, is_validation
from depth.evaluation.protocol import PROTOCOLS
from sequences.__main__ import main as sequences_main
from sequences.synthetic import view_files
from sequences.synthetic.random_view import RandomView
from sequences.synthetic.view_files import write_view
from tests.helpers.paths import DATA
from tests.helpers.tiny_recordings import picture, truncate, write_rgb, write_tum

NYU = DATA / "nyu_labeled" / "train"


def write_png(path, depth_u16):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", np.uint16(depth_u16))[1].tobytes())


def write_image(path, rgb):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rgb(path, rgb)


def write_nyu_folder(folder, numbers, size=(24, 32)):
    for number in numbers:
        write_image(folder / f"rgb_{number:05d}.png", picture(number % 50, size))
        write_png(folder / f"sync_depth_{number:05d}.png", np.full(size, 1000 + number))
    return folder


def refusal(location, split="all", kind=BadInputError):
    with pytest.raises(kind) as caught:
        dataset = open_dataset(location, split)
        dataset[0]
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2
    return str(caught.value)


def test_nyu_folder(tmp_path):
    write_nyu_folder(tmp_path, [3, 5])
    write_nyu_folder(tmp_path / "kitchen_0001", [7])
    write_image(tmp_path / "rgb_00009.png", picture(9))  # without depth
    dataset = open_dataset(tmp_path)
    assert dataset.names == ["kitchen_0001/rgb_00007.png", "rgb_00003.png", "rgb_00005.png"] and len(dataset) == 3
    sample = dataset[2]
    assert np.array_equal(sample.rgb, picture(5)) and sample.depth_m.dtype == np.float32
    assert np.all(sample.depth_m == np.float32(1.005)) and sample.camera == NYU_CAMERA.resized((24, 32))
    write_image(tmp_path / "kitchen_0001" / "rgb_00007.png", picture(7)[:1, :1])
    assert "rgb_00007.png has 1x1 pixels" in refusal(tmp_path)


def test_validation_takes_whole_blocks(tmp_path):
    last = BLOCK * EVERY + 3
    write_nyu_folder(tmp_path, range(0, last, 3), size=(8, 10))
    train, val, everything = (open_dataset(tmp_path, split).names for split in ("train", "val", "all"))
    assert sorted(train + val) == everything and len(val) == BLOCK / 3
    assert all(is_validation(int(name[4:9])) for name in val) and val[0] == f"rgb_{BLOCK * (EVERY - 1):05d}.png"
    assert "no official test" in refusal(tmp_path, "test")


def test_a_list_as_split(tmp_path):
    write_nyu_folder(tmp_path / "images", [1, 2, 4])
    (tmp_path / "mine.txt").write_text("rgb_00004.png depth focal\n\nrgb_00001.png\nrgb_00077.png\n")
    assert open_dataset(tmp_path / "images", str(tmp_path / "mine.txt")).names == ["rgb_00001.png", "rgb_00004.png"]
    (tmp_path / "none.txt").write_text("rgb_00077.png\n")
    assert "none of its 3 images" in refusal(tmp_path / "images", str(tmp_path / "none.txt"))
    assert "--split training" in refusal(tmp_path / "images", "training")


def test_small_folders_have_no_validation_images(tmp_path):
    assert "in the split val" in refusal(write_nyu_folder(tmp_path, [0, 1]), "val")


def write_mat(folder, count=4, size=(6, 8), names=("images", "depths", "rawDepths")):
    """As MATLAB writes it: (N, 3, width, height) and (N, width, height). -> images (N, h, w, 3), depths (N, h, w)."""
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (count, *size, 3), np.uint8)
    depths = rng.uniform(1, 9, (count, *size)).astype(np.float32)
    content = {"images": images.transpose(0, 3, 2, 1), "depths": depths.transpose(0, 2, 1),
               "rawDepths": 0.5 * depths.transpose(0, 2, 1)}
    with h5py.File(folder / "nyu_depth_v2_labeled.mat", "w") as file:
        for name in names:
            file[name] = content[name]
    return images, depths


def test_nyu_labelled_mat(tmp_path):
    images, depths = write_mat(tmp_path)
    savemat(tmp_path / "splits.mat", {"trainNdxs": np.array([[2], [4]]), "testNdxs": np.array([[1], [3]])})
    for location in (tmp_path, tmp_path / "nyu_depth_v2_labeled.mat"):
        train, test = open_dataset(location, "train"), open_dataset(location, "test")
        assert (train.names, test.names) == (["00001", "00003"], ["00000", "00002"])
        sample = test[1]
        assert np.array_equal(sample.rgb, images[2]) and np.array_equal(sample.depth_m, depths[2])
        assert sample.camera == NYU_CAMERA.resized((6, 8))
    assert len(open_dataset(tmp_path, "all")) == 4


def test_nyu_labelled_mat_is_read_image_by_image(tmp_path):
    """The real file is 2.8 GB. This one is as large when read, but only one image of it is written."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "nyu_depth_v2_labeled.mat", "w") as file:
        images = file.create_dataset("images", (1449, 3, 640, 480), np.uint8, chunks=(1, 3, 640, 480))
        file.create_dataset("depths", (1449, 640, 480), np.float32, chunks=(1, 640, 480))
        images[700] = 99
    tracemalloc.start()
    try:
        sample = open_dataset(tmp_path, "all")[700]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.all(sample.rgb == 99) and sample.depth_m.shape == (480, 640) and peak < 30e6


def test_nyu_labelled_mat_refused(tmp_path, monkeypatch):
    write_mat(tmp_path, names=("images",))
    assert "lacks depths" in refusal(tmp_path)
    write_mat(tmp_path)
    assert "splits.mat" in refusal(tmp_path, "train")
    (tmp_path / "splits.mat").write_bytes(b"nothing")
    assert "splits.mat" in refusal(tmp_path, "test")
    savemat(tmp_path / "splits.mat", {"testNdxs": np.array([[99]])})
    assert "does not have" in refusal(tmp_path, "test")
    (tmp_path / "nyu_depth_v2_labeled.mat").write_bytes(b"nothing")
    assert "HDF5" in refusal(tmp_path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert "pip install h5py" in refusal(tmp_path, kind=MissingPackageError)


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
    assert train.names == ["Train400Img/img-a.jpg"] and sample.rgb.shape == (*MAKE3D_SIZE, 3)
    assert sample.depth_m.shape == (55, 305) and np.all(sample.depth_m == 12.5)
    assert sample.camera.fx / 345 == pytest.approx(sample.depth_camera.fx / 305)
    (tmp_path / "Train400Depth" / "depth_sph_corr-a.mat").write_bytes(b"nothing")
    assert "Position3DGrid" in refusal(tmp_path, "train")


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


def write_kitti(folder, dense):
    day = folder / "2011_09_26"
    drive = day / "2011_09_26_drive_0001_sync"
    write_image(drive / "image_02" / "data" / "0000000005.png", np.full((20, 60, 3), 90, np.uint8))
    (day / "calib_cam_to_cam.txt").write_text(
        "calib_time: 09-Jan-2012 13:57:47\nR_rect_00: 1 0 0 0 1 0 0 0 1\nP_rect_02: 30 0 30 3 0 30 10 0 0 0 1 0\n")
    (day / "calib_velo_to_cam.txt").write_text("R: 0 -1 0 0 0 -1 1 0 0\nT: 0 0 -0.5\n")
    if dense:
        truth = folder / "train" / drive.name / "proj_depth" / "groundtruth" / "image_02" / "0000000005.png"
        write_png(truth, np.full((20, 60), 256 * 7 + 128))
    else:
        points = np.float32([[10.5, 0, 0, 1], [5.5, 0, 0, 1], [-3, 0, 0, 1], [10.5, -2, 1, 1], [8, 99, 0, 1]])
        (drive / "velodyne_points" / "data").mkdir(parents=True)
        points.tofile(drive / "velodyne_points" / "data" / "0000000005.bin")


def test_kitti_with_laser_points(tmp_path):
    write_kitti(tmp_path, dense=False)
    dataset = open_dataset(tmp_path)
    sample = dataset[0]
    found = {(v, u): z for v, u, z in zip(*np.nonzero(sample.depth_m), sample.depth_m[sample.depth_m > 0])}
    # ahead at 10 m and at 5 m: u = 30 + 3 / z, v = 10, counted from 1; (2, -1, 10): u = 36.3, v = 7
    assert found == pytest.approx({(9, 29): 10.0, (9, 30): 5.0, (6, 35): 10.0})
    assert sample.camera == Camera(60, 20, 30, 30, 30, 10)
    (tmp_path / "2011_09_26" / "calib_velo_to_cam.txt").write_text("T: 0 0 0\n")
    kitti.calibration.cache_clear()
    assert "calibration files" in refusal(tmp_path)


def test_kitti_with_dense_maps_and_a_list(tmp_path):
    write_kitti(tmp_path, dense=True)
    kitti.calibration.cache_clear()
    (tmp_path / "eigen.txt").write_text("2011_09_26/2011_09_26_drive_0001_sync/image_02/data/0000000005.png x 721.5\n")
    dataset = open_dataset(tmp_path, str(tmp_path / "eigen.txt"))
    assert len(dataset) == 1 and np.all(dataset[0].depth_m == 7.5)


def test_recordings(tmp_path):
    write_tum(tmp_path / "room_a", count=4)
    write_tum(tmp_path / "room_b", count=3, interval_s=0.5)
    dataset = open_dataset(tmp_path)
    assert dataset.names[0] == "room_a/rgb/0.png" and len(dataset) == 7
    sample = dataset[5]
    assert np.array_equal(sample.rgb, picture(1)) and np.all(sample.depth_m == 2.0)
    assert sample.depth_camera == sample.camera.subsampled((12, 16))
    assert open_dataset(tmp_path / "room_b").names == ["rgb/0.png", "rgb/1.png", "rgb/2.png"]


def test_recordings_without_lens_distortion_or_readings(tmp_path):
    write_tum(tmp_path, count=1, depth_scale=1000.0)
    camera = Camera(32, 24, 30.0, 30.0, 15.5, 11.5, (-0.2, 0.05, 0, 0))
    write_calibration(tmp_path / "calibration.yaml", Calibration(camera, 1000.0))
    depth_u16 = np.full((24, 32), 1500)
    depth_u16[:, :16] = 65535
    write_png(tmp_path / "depth" / "0.png", depth_u16)
    sample = open_dataset(tmp_path)[0]
    assert not sample.camera.is_distorted and sample.camera.fx != 30 and sample.depth_camera == sample.camera
    assert set(np.unique(sample.depth_m)) == {0, 1.5}


def test_recordings_pair_by_time(tmp_path):
    write_tum(tmp_path, count=3)
    (tmp_path / "depth.txt").write_text("0.01 depth/0.png\n0.115 depth/1.png\n0.5 depth/2.png\n")
    assert open_dataset(tmp_path).names == ["rgb/0.png", "rgb/1.png"]
    (tmp_path / "depth.txt").write_text("# nothing\n")
    assert "depth.txt names no image" in refusal(tmp_path)
    (tmp_path / "depth.txt").write_text("0.01\n")
    assert "line 1" in refusal(tmp_path)


def test_recordings_of_another_size_than_calibrated(tmp_path):
    write_tum(tmp_path, count=1)
    write_image(tmp_path / "rgb" / "0.png", picture(0, (10, 12)))
    assert "12x10" in refusal(tmp_path) and "32x24" in refusal(tmp_path)


def view(value, size=(24, 32)):
    camera = Camera(size[1], size[0], 30.0 + value, 30.0 + value, 15.5, 11.5)
    return RandomView(np.full((*size, 3), 40 * value, np.uint8), np.full(size, value, np.float32), camera, np.eye(4))


def test_views(tmp_path):
    for room in ("room_00001", "room_00002"):
        (tmp_path / room).mkdir()
        for number in (1, 2):
            write_view(tmp_path / room / f"view_{number:03d}", view(number))
    (tmp_path / "room_00001" / "view_001.yaml").unlink()
    dataset = open_dataset(tmp_path)
    assert dataset.names == ["room_00001/view_002.jpg", "room_00002/view_001.jpg", "room_00002/view_002.jpg"]
    sample = dataset[0]
    assert np.all(np.abs(sample.rgb.astype(int) - 80) <= 1) and np.all(sample.depth_m == 2)
    assert sample.camera == sample.depth_camera == view(2).camera


def test_views_are_validated_on_rooms_of_their_own(tmp_path):
    for room in range(9):
        (tmp_path / f"room_{room}").mkdir()
        for number in range(2):
            write_view(tmp_path / f"room_{room}" / f"view_{number}", view(1, (4, 6)))
    assert open_dataset(tmp_path, "val").names == ["room_7/view_0.jpg", "room_7/view_1.jpg"]
    assert len(open_dataset(tmp_path, "train")) == 16 and len(open_dataset(tmp_path / "room_3")) == 2


@pytest.fixture
def quick_rooms(monkeypatch):
    """Rooms that take no time; the list of those that were built."""
    built = []
    monkeypatch.setattr(view_files, "build_room", lambda seed: built.append(seed) or seed)
    monkeypatch.setattr(view_files, "random_view", lambda room, seed, size, close: view(0.5 if close else 1 + seed % 5, size))
    return built


def test_rooms_as_files(tmp_path, quick_rooms, capsys):
    words = ["rooms", "--output", str(tmp_path), "--rooms", "2", "--first", "7", "--size", "16x12", "--views"]
    assert sequences_main([*words, "2"]) == 0 and quick_rooms == [7, 8]
    dataset = open_dataset(tmp_path)
    assert dataset.names[2:] == ["room_00008/view_000.jpg", "room_00008/view_001.jpg"]
    assert dataset[0].rgb.shape == (12, 16, 3)
    assert sequences_main([*words, "2"]) == 0 and quick_rooms == [7, 8]  # all there
    assert sequences_main([*words, "3"]) == 0 and len(open_dataset(tmp_path)) == 6
    assert "--data views:" in capsys.readouterr().out


def test_close_ups_come_last(tmp_path, quick_rooms):
    words = ["rooms", "--output", str(tmp_path), "--rooms", "1", "--size", "16x12", "--views", "4", "--close", "0.5"]
    assert sequences_main(words) == 0
    assert [float(sample.depth_m.max()) == 0.5 for sample in open_dataset(tmp_path)] == [False, False, True, True]


@pytest.mark.parametrize("more, named", [(["--rooms", "0"], "--rooms"), (["--size", "16"], "--size"),
                                         (["--close", "2"], "--close"), ([], "--output")])
def test_rooms_refused(tmp_path, quick_rooms, capsys, more, named):
    assert sequences_main(["rooms", *(["--output", str(tmp_path)] if more else []), *more]) == 2
    assert named in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert sequences_main(["rooms", "--output", str(tmp_path / "file")]) == 2


def test_every_dataset_says_how_it_is_measured(tmp_path):
    write_nyu_folder(tmp_path, [1])
    assert open_dataset(f"nyu:{tmp_path}").name == f"nyu:{tmp_path.name}"
    for name in DATASETS:
        kind = getattr(__import__(DATASETS[name][0], fromlist=["_"]), DATASETS[name][1])
        assert kind.protocol in PROTOCOLS and 0 <= kind.border < 0.1


@pytest.mark.parametrize("name", DATASETS)
def test_empty_folders_are_refused(tmp_path, name):
    assert str(tmp_path) in refusal(f"{name}:{tmp_path}") or "nyu_depth_v2" in refusal(f"{name}:{tmp_path}")


def test_unknown_places(tmp_path):
    assert "cannot tell" in refusal(tmp_path)
    assert "no such" in refusal(tmp_path / "missing")
    (tmp_path / "file.txt").write_text("x")
    assert "cannot tell" in refusal(tmp_path / "file.txt")


def test_damaged_files_are_named(tmp_path):
    write_nyu_folder(tmp_path, [1, 2], size=(240, 320))
    truncate(tmp_path / "rgb_00001.png")
    assert "rgb_00001.png" in refusal(tmp_path)
    dataset = open_dataset(tmp_path)
    (tmp_path / "sync_depth_00002.png").write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    with pytest.raises(BadInputError, match="sync_depth_00002.png: not a 16-bit"):
        dataset[1]
    (tmp_path / "rgb_00002.png").unlink()
    with pytest.raises(BadInputError, match="rgb_00002.png"):
        dataset[1]


def test_photos_with_clips_behind_them_and_depth_without_reading(tmp_path):
    """The same rules as for recordings that SLAM runs on, from the same reader."""
    write_view(tmp_path / "view_000", view(1))
    photo, before = tmp_path / "view_000.jpg", open_dataset(tmp_path)[0].rgb
    whole = photo.read_bytes()
    photo.write_bytes(whole + b"ftypmp42" + bytes(10_000))
    depth_u16 = np.full((24, 32), 2000, np.uint16)
    depth_u16[:4] = 65535
    write_png(photo.with_suffix(".depth.png"), depth_u16)
    sample = open_dataset(tmp_path)[0]
    assert np.array_equal(sample.rgb, before) and np.all(sample.depth_m[4:] == 2) and not sample.depth_m[:4].any()
    photo.write_bytes(whole[:-10])
    assert "view_000.jpg: truncated" in refusal(tmp_path)


@pytest.mark.skipif(not NYU.is_dir(), reason="needs NYU's labelled images")
def test_real_nyu():
    dataset, train, val = (open_dataset(NYU, split) for split in ("all", "train", "val"))
    assert len(dataset) == 795 and len(train) + len(val) == 795 and 80 < len(val) < 120
    sample = dataset[100]
    assert sample.rgb.shape == (240, 320, 3) and sample.depth_m.shape == (240, 320)
    assert 0.5 < sample.depth_m.min() and sample.depth_m.max() <= 10
    frame = sample.rgb[:2].mean()
    assert frame > 240 and dataset.border * 320 == 4


@pytest.mark.skipif(not (DATA / "desk").is_dir(), reason="needs the real recordings")
def test_real_recordings():
    desk = open_dataset(DATA / "desk")
    sample = desk[10]
    assert len(desk) > 500 and sample.rgb.shape == (480, 640, 3) and sample.depth_m.shape == (240, 320)
    assert 0.3 < np.median(sample.depth_m[sample.depth_m > 0]) < 3
