"""Single pictures with a camera each, and the synthetic rooms that are written so."""

import numpy as np
import pytest

from calib.geometry.camera import Camera
from depth.data.catalogue import open_dataset
from sequences.__main__ import main as sequences_main
from sequences.synthetic import view_files
from sequences.synthetic.random_view import RandomView
from sequences.synthetic.view_files import write_view
from tests.helpers.depth_datasets import refusal, write_png


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
    monkeypatch.setattr(view_files, "random_view",
                        lambda room, seed, size, close: view(0.5 if close else 1 + seed % 5, size))
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
