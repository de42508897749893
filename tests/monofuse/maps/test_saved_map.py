"""monofuse.maps: a map written while frames come, read back, gone on in, damaged."""

import shutil
import sqlite3
import threading
from dataclasses import replace

import numpy as np
import pytest

from calib.base.errors import BadInputError, OutputError
from calib.geometry import se3
from monofuse.maps.map_file import FORMAT, MAP_FILE
from monofuse.maps.recorder import MapRecorder
from monofuse.maps.rescaled import rescaled_map
from monofuse.maps.restore import restored
from monofuse.maps.saved_map import SavedMap
from monofuse.results.outcome import Outcome
from monofuse.results.run_counter import RunCounter
from slam.config import SlamConfig
from slam.mapping.keyframes import KeyframeConfig
from slam.mapping.surfels import SurfelConfig
from slam.system import SlamSystem
from tests.helpers import scenes

CONFIG = replace(SlamConfig.for_sensor(), surfels=SurfelConfig(max_surfels=60_000),
                 keyframes=KeyframeConfig(max_baseline=0.02))
STEP = (0.02, 0, 0, 0, 0.02, 0)


class Folder:
    """What a recorder wants of a RunFolder."""

    def __init__(self, path):
        self.path = path

    def rescue_place(self):
        return self.path


def pose(index):
    return se3.exp(index * np.array(STEP))


def tracked(slam, first, last, recorder=None):
    """Frames of a walk along the room, written down as they come."""
    counter = RunCounter()
    for index in range(first, last):
        frame = scenes.speckled_frame(index, pose(index), scenes.CAMERA)
        counter.add(slam.process(frame))
        if recorder:
            recorder.step(slam, counter)
    return counter


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A system after a walk, and the folder with its map."""
    folder = tmp_path_factory.mktemp("map")
    slam = SlamSystem(scenes.CAMERA, CONFIG)
    recorder = MapRecorder(folder / MAP_FILE, slam, "walk", {})
    counter = tracked(slam, 0, 10, recorder)
    slam.finish()
    recorder.reached("complete", slam, counter)
    recorder.close(Folder(folder))
    return slam, folder


def read(folder, **options):
    with SavedMap(folder) as saved:
        system = Outcome(restored(saved, **options))
        assert list(system)[-1] == 1
        return system.value


def test_a_map_reads_back(made):
    slam, folder = made
    again = read(folder)
    assert [path.name for path in folder.iterdir()] == [MAP_FILE], "a finished map is one file"
    assert len(again.keyframes) == len(slam.keyframes) >= 4 and again.config == CONFIG
    assert np.array_equal(again.keyframes.T_world_key, slam.keyframes.T_world_key)
    for new, old in zip(again.trajectory(), slam.trajectory()):
        assert np.allclose(new, old, atol=1e-12)
    for new, old in zip(again.keyframes.items, slam.keyframes.items):
        known = old.inverse_depth > 0
        assert np.array_equal(new.inverse_depth > 0, known)
        assert np.abs(np.log(new.inverse_depth[known] / old.inverse_depth[known])).max() < 0.0003
    assert len(again.loops.graph.edges) == len(slam.loops.graph.edges) > 0
    assert 0.5 < len(again.surfels) / len(slam.surfels) < 2


def test_a_camera_is_found_in_a_map_and_goes_on(made):
    folder = made[1]
    again = read(folder, is_extended=True)
    before = again.keyframes.T_world_key.copy()
    counter = tracked(again, 6, 14)
    assert counter.tracked == 8
    assert len(again.keyframes) > len(before) == again.keyframes.anchored_count
    T_world_cam = again.trajectory()[1]
    assert np.abs(T_world_cam[:, :3, 3] - [pose(index)[:3, 3] for index in range(6, 14)]).max() < 0.01
    assert np.allclose(again.keyframes.T_world_key[: len(before)], before, atol=1e-3)


def test_only_localising_changes_nothing(made):
    again = read(made[1], is_extended=True)
    again.only_localises = True
    before = len(again.keyframes), len(again.surfels)
    counter = tracked(again, 7, 11)
    blank = replace(scenes.frame(20, np.eye(4)), rgb=np.zeros((120, 160, 3), np.uint8), timestamp_s=30.0)
    later = [again.process(replace(blank, index=20 + k, timestamp_s=30.0 + k)) for k in range(12)]
    assert {result.status for result in later} == {"lost"}
    assert counter.tracked == 4 and (len(again.keyframes), len(again.surfels)) == before


def test_a_part_that_was_larger_comes_to_the_world_of_the_map(made):
    again = read(made[1], is_extended=True)
    S = again.keyframes.S_world_key()
    again.move_map(se3.exp(np.array([1.0, 0, 0, 0, 0.3, 0])) @ S)
    again._hold_world()
    assert np.allclose(again.keyframes.S_world_key(), S, atol=1e-9)


def test_a_map_is_extended_in_a_copy(made, tmp_path):
    slam, folder = made
    original = (folder / MAP_FILE).read_bytes()
    again = read(folder, is_extended=True)
    recorder = MapRecorder(tmp_path / MAP_FILE, again, "second", {}, extends=folder / MAP_FILE)
    counter = tracked(again, 6, 14, recorder)
    recorder.reached("complete", again, counter)
    recorder.close(Folder(tmp_path))
    with SavedMap(tmp_path) as saved:
        assert [source for _, source, _ in saved.sessions] == ["walk", "second"]
        assert [keyframe.session for keyframe in saved.keyframes()] == [0] * len(slam.keyframes) + [1] * (
            len(again.keyframes) - len(slam.keyframes))
        assert [len(saved.trajectory(number).rows) for number in (0, 1)] == [10, 8]
    assert (folder / MAP_FILE).read_bytes() == original


def test_a_map_is_rescaled(made, tmp_path):
    slam, folder = made
    rescaled_map(folder / MAP_FILE, tmp_path / MAP_FILE, 2.0)
    again = read(tmp_path)
    assert np.allclose(again.trajectory()[1][:, :3, 3], 2 * slam.trajectory()[1][:, :3, 3])
    ratio = slam.keyframes.items[1].inverse_depth / np.maximum(again.keyframes.items[1].inverse_depth, 1e-9)
    assert abs(np.median(ratio) - 2) < 1e-3


def test_what_is_no_map_is_one_line(made, tmp_path):
    whole = (made[1] / MAP_FILE).read_bytes()
    newer = tmp_path / "newer.db"
    shutil.copy(made[1] / MAP_FILE, newer)
    with sqlite3.connect(newer) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.close()
    for name, data in (("half.db", whole[: len(whole) // 2]), ("text.db", b"no database at all"), ("empty.db", b"")):
        (tmp_path / name).write_bytes(data)
    for name, words in (("newer.db", "update monofuse"), ("other.db", "no map"), ("half.db", "half"),
                        ("text.db", "text"),
                        ("empty.db", "no map"), ("none.db", "there is no map")):
        with pytest.raises(BadInputError, match=words) as caught:
            read(tmp_path / name)
        assert "\n" not in str(caught.value) and name in str(caught.value)


def test_a_damaged_blob_is_one_line(made, tmp_path):
    shutil.copy(made[1] / MAP_FILE, tmp_path)
    with sqlite3.connect(tmp_path / MAP_FILE) as connection:
        connection.execute("UPDATE depth SET inverse_depth = x'0102030405' WHERE row = 1")
    connection.close()
    with pytest.raises(BadInputError, match="depth map is damaged"):
        read(tmp_path)


def test_a_map_whose_file_was_removed_is_written_elsewhere(tmp_path):
    for name in ("gone", "saved"):
        (tmp_path / name).mkdir()
    slam = SlamSystem(scenes.CAMERA, CONFIG)
    recorder = MapRecorder(tmp_path / "gone" / MAP_FILE, slam, "walk", {})
    counter = tracked(slam, 0, 2, recorder)
    recorder.writer.wait()
    shutil.rmtree(tmp_path / "gone")
    recorder.reached("complete", slam, counter)
    recorder.close(Folder(tmp_path / "saved"))
    assert len(read(tmp_path / "saved").trajectory()[0]) == 2


def test_a_disk_that_fails_does_not_end_the_run(tmp_path):
    slam = SlamSystem(scenes.CAMERA, CONFIG)
    recorder = MapRecorder(tmp_path / MAP_FILE, slam, "walk", {})
    recorder.writer._connection.execute("DROP TABLE pose")
    counter = tracked(slam, 0, 2, recorder)
    recorder.reached("complete", slam, counter)
    with pytest.raises(OutputError, match="is not written any further"):
        recorder.close(Folder(tmp_path))
    assert "map" not in [thread.name for thread in threading.enumerate()]
