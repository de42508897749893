"""Results are whole or absent, in a folder and in a store that fsspec knows."""

import pytest

from calib.base.errors import BadInputError, OutputError
from monofuse.batch.place import Place

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(params=["folder", "store"])
def place(request, tmp_path):
    yield Place.of(str(tmp_path / "results")) if request.param == "folder" else Place.of("memory://batch/results/")
    fsspec.filesystem("memory").store.clear()


def test_a_result_is_there_when_the_block_is_done(place):
    with place.new_result("walk") as folder:
        (folder / "report.json").write_text('{"frames": 3}')
        (folder / "mesh").mkdir()
        (folder / "mesh" / "a.ply").write_bytes(b"ply")
        assert place.report("walk") is None
    assert place.report("walk") == {"frames": 3} and place.read("walk", "mesh", "a.ply") == b"ply"
    assert not folder.exists()


def test_a_result_whose_block_fails_is_absent(place):
    with pytest.raises(ZeroDivisionError), place.new_result("walk") as folder:
        (folder / "report.json").write_text("{}")
        raise ZeroDivisionError
    assert place.report("walk") is None and not folder.exists()


def test_files_go_there_and_come_back(place):
    place.write(b"name\n", "logs", "walk.txt")
    assert place.read("logs", "walk.txt") == b"name\n"
    with pytest.raises(FileNotFoundError):
        place.read("logs", "run.txt")


def test_a_second_result_of_a_name_is_refused_and_the_first_stays(tmp_path):
    place = Place.of(str(tmp_path))
    for text in ("1", "2"):
        try:
            with place.new_result("walk") as folder:
                (folder / "report.json").write_text(text)
        except OutputError:
            assert text == "2"
    assert place.report("walk") == 1 and [path.name for path in tmp_path.iterdir()] == ["walk"]


def test_what_killed_workers_left_is_swept_away(tmp_path):
    (tmp_path / ".walk.x1.part").mkdir()
    (tmp_path / "walk").mkdir()
    Place.of(str(tmp_path)).sweep()
    assert [path.name for path in tmp_path.iterdir()] == ["walk"]


def test_a_damaged_report_is_named(tmp_path):
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "report.json").write_text("{")
    with pytest.raises(OutputError, match=r"walk/report.json is damaged"):
        Place.of(str(tmp_path)).report("walk")


def test_kinds_of_locations(tmp_path):
    assert Place.of(f"file://{tmp_path}").location == str(tmp_path)
    with pytest.raises(BadInputError, match="begins with s3://"):
        Place.of("ftp://host/results")
