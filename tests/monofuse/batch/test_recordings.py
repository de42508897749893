"""What the user typed as tasks: recordings, settings, names."""

import json

import pytest

from calib.base.errors import BadInputError, SourceError
from monofuse.batch.command import parse_arguments
from monofuse.batch.place import Place
from monofuse.batch.recordings import alternatives, is_finished, names_of, tasks_of
from monofuse.batch.task import plain_arguments
from tests.helpers.tiny_recordings import write_tum


def tasks(tmp_path, *words):
    arguments = parse_arguments([*map(str, words), "--output", str(tmp_path / "out")], "monofuse batch")
    return tasks_of(arguments, Place.of(arguments.output))


def test_a_folder_stands_for_the_recordings_in_it(tmp_path):
    (tmp_path / "in").mkdir()
    write_tum(tmp_path / "in" / "walk00", count=1)
    for k in range(1, 60):  # more than what is looked at for a run
        (tmp_path / "in" / f"walk{k:02d}").symlink_to(tmp_path / "in" / "walk00")
    found = tasks(tmp_path, tmp_path / "in", "synthetic:seed=3")
    assert [task.name for task in found] == [*(f"walk{k:02d}" for k in range(60)), "synthetic_seed=3"]
    assert found[1].arguments.source == f"tum:{tmp_path / 'in' / 'walk01'}"
    assert not hasattr(found[0].arguments, "workers") and found[0].arguments.output is None


def test_a_recording_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(SourceError, match="no source"):
        tasks(tmp_path, tmp_path / "nowhere")


@pytest.mark.parametrize("word", ["webcam:0", "rtsp://camera/stream", "realsense"])
def test_cameras_are_refused(tmp_path, word):
    with pytest.raises(BadInputError, match="is a camera"):
        tasks(tmp_path, word)


def test_the_same_recording_twice_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="twice"):
        tasks(tmp_path, "synthetic:seed=3", "synthetic:seed=3")


def test_remote_recordings_by_pattern(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    for name in ("b.mp4", "a.mp4", "notes.txt"):
        system.pipe_file(f"/in/{name}", b"x")
    found = tasks(tmp_path, "memory://in/*.mp4")
    assert [(task.name, task.arguments.source) for task in found] == [("a", "memory:///in/a.mp4"),
                                                                     ("b", "memory:///in/b.mp4")]
    with pytest.raises(BadInputError, match="nothing at"):
        tasks(tmp_path, "memory://out/*.mp4")
    system.store.clear()


def test_names_are_as_long_as_they_have_to_be():
    assert names_of(["7scenes:/d/chess/seq-01", "7scenes:/d/fire/seq-01", "/d/walk.mp4", "/d/v1.2"]) == \
        ["chess_seq-01", "fire_seq-01", "walk", "v1.2"]
    with pytest.raises(BadInputError, match="both be called walk"):
        names_of(["walk.mp4", "walk.mov"])


def test_a_search_runs_every_value_with_every_other(tmp_path):
    found = tasks(tmp_path, "synthetic", "--set", "tracker.samples=500,1000", "--set", "working_width=160", "--depth",
                  "mobile,sensor")
    assert [task.name for task in found] == [f"synthetic@depth={depth},tracker.samples={samples}"
                                             for depth in ("mobile", "sensor") for samples in (500, 1000)]
    assert found[3].arguments.set == [("tracker.samples", "1000"), ("working_width", "160")]
    assert found[3].arguments.depth == "sensor" and found[3].setting[0] == ("depth", "sensor")


def test_commas_in_brackets_belong_to_the_value():
    assert alternatives("[1,2],[3,4]") == ["[1,2]", "[3,4]"] and alternatives("7") == ["7"]


def test_a_result_made_otherwise_is_not_taken_for_this_one(tmp_path):
    (task,) = tasks(tmp_path, "synthetic", "--depth", "sensor")
    assert not is_finished(task)
    made = plain_arguments(task.arguments)
    with task.place.new_result(task.name) as folder:
        (folder / "report.json").write_text(json.dumps({"arguments": made | {"output": "elsewhere"}}))
    assert is_finished(task)
    (tmp_path / "out" / task.name / "report.json").write_text(json.dumps({"arguments": made | {"seed": 5}}))
    with pytest.raises(BadInputError, match="made with seed 5, not 0"):
        is_finished(task)
