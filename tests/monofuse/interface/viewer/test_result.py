"""Finished results: read, shown, measured, cut, and as one page."""

import io
import json
import struct
import zipfile
from importlib.util import find_spec

import numpy as np
import pytest
import trimesh

from calib.base.errors import BadInputError, SourceError
from monofuse.interface.viewer.picking import hit_points, hit_surface
from monofuse.interface.viewer.result import read_result
from monofuse.interface.viewer.scenery import first_eye, lens_of, rows_at
from monofuse.results.glb_file import read_glb
from monofuse.results.keyframe_pictures import read_pictures
from tests.helpers.small_result import R_UPRIGHT, TIMES_S, TRIANGLES, VERTICES, glb, map_ply, write_result

needs_viser = pytest.mark.skipif(find_spec("viser") is None, reason="viser is not installed")


@pytest.fixture
def folder(tmp_path):
    return write_result(tmp_path / "wall")


def test_a_folder_is_read_as_a_whole(folder):
    result = read_result(folder)
    assert result.name == "wall" and np.allclose(result.times_s, TIMES_S)
    assert np.allclose(result.shape.vertices, VERTICES @ R_UPRIGHT.T, atol=1e-6)
    assert (result.shape.triangles == TRIANGLES).all() and np.allclose(result.R_upright_world, R_UPRIGHT, atol=1e-6)
    assert len(result.points.positions) == 4 and result.points.radius_m == pytest.approx(0.02)
    assert [picture.time_s for picture in result.pictures] == [10.01, 11.0]
    assert lens_of(result, None) == (pytest.approx(2 * np.arctan(0.4)), pytest.approx(4 / 3))


def test_parts_may_be_missing(folder):
    for name in ("report.json", "keyframes.zip", "map.ply"):
        (folder / name).unlink()
    result = read_result(folder)
    assert result.report == {} and result.pictures == [] and result.points is None
    (folder / "mesh.glb").unlink()
    assert read_result(folder).shape is None


def test_single_files_are_read(folder, tmp_path):
    assert read_result(folder / "mesh.glb").shape.is_ours
    assert read_result(folder / "map.ply").shape is None
    mesh = trimesh.Trimesh(VERTICES, TRIANGLES, process=False, vertex_colors=np.full((4, 3), 90, np.uint8))
    (tmp_path / "mesh.ply").write_bytes(mesh.export(file_type="ply"))
    shape = read_result(tmp_path / "mesh.ply").shape
    assert shape.is_ours and np.allclose(shape.vertices @ shape.R_upright_world, VERTICES, atol=1e-6)
    (tmp_path / "foreign.glb").write_bytes(mesh.export(file_type="glb"))
    shape = read_result(tmp_path / "foreign.glb").shape
    assert not shape.is_ours and len(shape.triangles) == 2


@pytest.mark.parametrize("corner", [4, 2**30, -1])
def test_triangles_whose_corners_are_not_there_are_refused(tmp_path, corner):
    mesh = trimesh.Trimesh(VERTICES, TRIANGLES, process=False)
    data = bytearray(mesh.export(file_type="ply"))
    data[-4:] = struct.pack("<i", corner)
    (tmp_path / "mesh.ply").write_bytes(data)
    with pytest.raises(BadInputError, match="triangles without corners"):
        read_result(tmp_path / "mesh.ply")


@pytest.mark.parametrize("name, content, says", [
    ("missing.glb", None, "there is no"),
    ("walk.mp4", b"", "nothing to be viewed"),
    ("mesh.glb", glb()[:-7], "no whole .glb"),
    ("mesh.glb", b"glTF", "no whole .glb"),
    ("mesh.ply", b"ply\nformat ascii 1.0\nend_header\n", "neither a mesh nor a cloud"),
    ("mesh.ply", b"no mesh", "cannot be shown"),
    ("map.ply", map_ply()[:-30], "cut off"),
    ("map.ply", map_ply().replace(b"float z", b"float w"), "no place")])
def test_what_cannot_be_shown_is_one_clear_error(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInputError, match=says) as failed:
        read_result(tmp_path / name)
    assert name in str(failed.value) and "\n" not in str(failed.value)


def test_a_folder_without_a_result_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="no result of a run"):
        read_result(tmp_path)


def test_pictures_that_are_none_are_refused(tmp_path):
    path = tmp_path / "keyframes.zip"
    path.write_bytes(b"nonsense")
    with pytest.raises(SourceError, match="no pictures"):
        read_pictures(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.0.jpg", bytes(2_000_000))  # a bomb is not unpacked
    with pytest.raises(SourceError, match="too large"):
        read_pictures(path)


def test_the_nearest_pose_in_time_is_found(folder):
    result = read_result(folder)
    assert rows_at(result, np.array([0.0, 10.2, 10.3, 99.0])).tolist() == [0, 0, 1, 2]


def test_everything_lies_before_the_first_eye(folder):
    result = read_result(folder)
    eye, target = first_eye(result)
    low, high = result.bounds
    assert ((low <= target) & (target <= high)).all() and np.linalg.norm(eye - target) > 1


def test_a_click_hits_the_nearest_surface():
    vertices = np.concatenate([VERTICES, VERTICES + (0, 0, 1)]).astype(np.float32)
    triangles = np.concatenate([TRIANGLES + 4, TRIANGLES])
    assert np.allclose(hit_surface(np.zeros(3), np.array([0.1, 0, 1.0]), vertices, triangles), (0.2, 0, 2))
    assert hit_surface(np.zeros(3), np.array([0, 0, -1.0]), vertices, triangles) is None
    assert hit_surface(np.zeros(3), np.array([1.0, 0, 1]), vertices, triangles) is None


def test_a_click_hits_the_nearest_point_of_a_cloud():
    points = np.array([[0, 0, 3], [0.01, 0, 2], [0.5, 0, 1], [0, 0, -1]], np.float32)
    assert np.allclose(hit_points(np.zeros(3), np.array([0, 0, 2.0]), points), (0.01, 0, 2))
    assert hit_points(np.zeros(3), np.array([1.0, 0, 0]), points) is None


def test_a_part_of_a_mesh_is_a_mesh_of_its_own(folder):
    shape = read_result(folder).shape
    is_kept = shape.within(np.array([-1, -1, -3]), np.array([0, 1, 0]))
    assert is_kept.sum() == 1
    part = shape.part(is_kept)
    mesh = trimesh.load(io.BytesIO(part.glb), file_type="glb", process=False, force="mesh")
    assert len(mesh.faces) == 1 and len(part.triangles) == 1
    assert read_glb(part.glb)[0]["nodes"] == read_glb(shape.glb)[0]["nodes"]


class Click:
    """What viser tells of a click."""

    def __init__(self, origin, direction):
        self.ray_origin, self.ray_direction = origin, direction


@pytest.fixture
def view(folder):
    from monofuse.interface.viewer.result_view import ResultView
    from monofuse.interface.viewer.server import serve
    served = serve()
    yield ResultView(served.viser, read_result(folder), "result")
    served.viser.stop()


@needs_viser
def test_two_clicks_are_a_length_with_its_uncertainty(view):
    measuring = view.measuring
    measuring.click(Click((0, 0, 0), (0, 0, -1)))
    assert "`0.000,-0.000,2.000`" in measuring.text.content or "`0.000,0.000,2.000`" in measuring.text.content
    measuring.click(Click((0, 0, 0), (0.25, 0, -1)))
    assert "0.500 m, two times in three between 0.452 and 0.553 m" in measuring.text.content
    scene = view.server.scene
    assert scene.get_handle_by_name("/measure/length").text == "0.500 m"
    measuring.click(Click((0, 0, 0), (0, 0, 1)))
    assert "nothing there" in measuring.text.content
    measuring.click(Click((0, 0, 0), (0, 0.1, -1)))
    assert scene.get_handle_by_name("/measure/line") is None and len(measuring.points) == 1


@needs_viser
def test_the_time_moves_the_camera_and_its_picture(view):
    assert np.allclose(view.camera.position, 0) and view.picture.image.mean() < 100
    view.show_time(2)
    assert np.allclose(view.camera.position, (0.2, 0, 0), atol=1e-6) and view.picture.image.mean() > 150
    assert view.time.content == "1.00 s, pose 3 of 3"


@needs_viser
def test_a_box_cuts_the_mesh_and_what_clicks_hit(view):
    clipping = view.clipping
    clipping.sliders[0].value = (-1.0, 0.0)
    clipping.update()
    assert len(view.visible_shape.triangles) == 1 and view.server.scene.get_handle_by_name("/box")
    assert view.hit(np.zeros(3), np.array([0.8, 0.7, -2])) is None
    clipping.sliders[0].value = (-1.0, -0.9)
    clipping.update()
    assert not view.mesh.visible
    clipping.reset()
    assert view.mesh.visible and len(view.visible_shape.triangles) == 2
    assert view.server.scene.get_handle_by_name("/box") is None


@needs_viser
def test_a_screenshot_is_sent_to_the_browser_that_asked(view):
    sent = []

    class Client:
        class camera:
            image_height, image_width = 24, 32

        def get_render(self, height, width, **options):
            return np.full((height, width, 4), 99, np.uint8)

        def send_file_download(self, name, content, **options):
            sent.append((name, content))

    view._screenshot(Client())
    assert sent[0][0] == "wall.png" and sent[0][1][1:4] == b"PNG"


@needs_viser
def test_a_page_holds_the_result_and_is_the_same_each_time(folder):
    from monofuse.interface.viewer.scene_file import scene_file
    page = scene_file(folder)
    assert page == scene_file(folder)
    assert b"__VISER_EMBED_DATA__" in page and b"http://127.0.0.1" not in page


@needs_viser
def test_a_rescaled_result_has_a_page_of_its_size(folder, capsys):
    from monofuse.interface.viewer.scene_file import scene_file
    from monofuse.measure import main
    (folder / "scene.html").write_bytes(scene_file(folder))
    before = (folder / "scene.html").read_bytes()
    assert main([str(folder), "0,0,2", "1,0,2", "--is", "2"]) == 0
    assert (folder / "scene.html").read_bytes() == scene_file(folder) != before
    assert json.loads((folder / "report.json").read_text())["scale_from"] == "measure"
