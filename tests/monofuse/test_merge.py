"""`monofuse merge` on maps of walks through the speckled box: one world for what shows one place, all else apart."""

import shutil
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from calib.geometry import se3, sim3
from monofuse import merge_command
from monofuse.interface.screen import Screen
from monofuse.maps.map_file import FORMAT, MAP_FILE
from monofuse.maps.recorder import MapRecorder
from monofuse.maps.saved_map import SavedMap
from monofuse.merging_session import joined_session
from monofuse.results.run_counter import RunCounter
from monofuse.results.run_folder import RunFolder
from slam.config import SlamConfig
from slam.mapping.keyframes import KeyframeConfig
from slam.system import SlamSystem
from tests.helpers import scenes

CAMERA = scenes.CAMERA
CONFIG = replace(SlamConfig.for_sensor(), keyframes=KeyframeConfig(max_baseline=0.015))
STEP = np.array([0.04, 0, 0.01, 0, 0.02, 0])
TURN = se3.exp(np.array([0, 0, 0, 0, np.pi, 0]))
COUNT, LATER = 4, 1


def poses(first):
    return np.array([se3.exp(index * STEP) for index in range(first, first + COUNT)])


def recorded(folder, T_room_cam, camera=CAMERA, config=CONFIG):
    """The map of a walk, in the world of its first camera."""
    folder.mkdir()
    slam, counter = SlamSystem(camera, config), RunCounter()
    recorder = MapRecorder(folder / MAP_FILE, slam, folder.name, {})
    for index, T in enumerate(T_room_cam):
        counter.add(slam.process(scenes.speckled_frame(index, T, camera)))
    slam.finish()
    recorder.reached("complete", slam, counter)
    recorder.close(RunFolder(folder))
    return folder


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Maps of two walks that overlap, and of one elsewhere in the box."""
    root = tmp_path_factory.mktemp("maps")
    recorded(root / "here", poses(0))
    recorded(root / "there", poses(LATER))
    recorded(root / "elsewhere", TURN @ poses(0))
    return root


def joined(folders, output):
    """-> the session, after its map was closed"""
    maps = [SavedMap(folder) for folder in folders]
    folder = RunFolder(output)
    session = joined_session(maps, folder, Screen())
    session.map.close(folder)
    return session


def test_what_shows_one_place_is_one_map_and_the_rest_stays_apart(places, tmp_path):
    before = {name: (places / name / MAP_FILE).read_bytes() for name in ("here", "there", "elsewhere")}
    session = joined([places / name for name in before], tmp_path / "all")
    assert [saved.path.parent.name for saved in session.maps] == ["here", "there"]
    T = np.concatenate([poses(0), poses(LATER)])
    keyframes = session.slam.keyframes
    main = session.slam.map.main_submap
    assert set(keyframes.submap) == {main} and len(keyframes) >= 6
    with SavedMap(tmp_path / "all") as saved:
        assert [source for _, source, _ in saved.sessions] == ["here", "there"]
        found = np.concatenate([saved.trajectory(number).in_world(saved.poses(), main)[1] for number in (0, 1)])
        assert len(saved.edges()) > len(keyframes) - 2 and saved.state == "tracked"
    assert np.abs(found[:, :3, 3] - T[:, :3, 3]).max() < 0.01, "in the world of the first map"
    assert len(session.slam.surfels) > 1000
    assert {name: (places / name / MAP_FILE).read_bytes() for name in before} == before


def test_maps_without_a_common_place_leave_nothing_behind(places, tmp_path, capsys):
    out = tmp_path / "two"
    assert merge_command.main([str(places / "here"), str(places / "elsewhere"), "--output", str(out)]) == 1
    said = capsys.readouterr().err
    assert not out.exists() and said.count("\n") == 1 and "stay as they are" in said


def test_mistakes_are_one_line(places, tmp_path, capsys):
    newer = shutil.copytree(places / "here", tmp_path / "newer")
    with sqlite3.connect(newer / MAP_FILE) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    small = recorded(tmp_path / "small", poses(0)[:1], CAMERA.resized((60, 80)))
    here, out = str(places / "here"), str(tmp_path / "out")
    for words, expected in (([here], "give two or more"), ([here, here], "given twice"),
                            ([here, f"{here}/{MAP_FILE}"], "given twice"), ([here, str(tmp_path)], "there is no map"),
                            ([here, str(newer)], "update monofuse"), ([here, str(small)], "80x"),
                            ([here, str(places / "there"), "--output", here], "is there already")):
        assert merge_command.main([*words, *([] if "--output" in words else ["--output", out])]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and expected in said
    assert not (tmp_path / "out").exists()


def test_another_camera_is_brought_to_that_of_the_first_map(places, tmp_path):
    other = replace(CAMERA, fx=1.06 * CAMERA.fx, fy=1.05 * CAMERA.fy, cx=CAMERA.cx - 2)
    session = joined([places / "here", recorded(tmp_path / "narrow", poses(1), other)], tmp_path / "both")
    keyframes = session.slam.keyframes
    new = keyframes.items[-1]
    T_room_cam = poses(1)[new.frame_index]
    assert np.abs(keyframes.T_world_key[-1][:3, 3] - T_room_cam[:3, 3]).max() < 0.01
    depth_m, _ = scenes.cast(T_room_cam, CAMERA)
    known = new.inverse_depth > 0
    assert 0.8 < known.mean() < 1, "what the narrower view does not show is unknown"
    assert np.median(np.abs(new.inverse_depth[known] * depth_m[known] - 1)) < 0.005
    assert sim3.scale_of(keyframes.S_world_key()) == pytest.approx(1)
