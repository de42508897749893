"""monofuse.results.texture, gltf and obj: textured meshes as files, read back by somebody else and as plain JSON."""

import io
import json

import cv2
import numpy as np
import pytest
import trimesh

from monofuse.results.files import ResultFolder
from monofuse.results.gltf import coloured_glb, textured_glb
from monofuse.results.obj import textured_obj
from monofuse.results.orientation import upright
from slam.texturing.texture import TexturedMesh

IMAGE = np.zeros((32, 64, 3), np.uint8)
IMAGE[:, :32], IMAGE[:, 32:] = (200, 30, 40), (20, 40, 210)
SQUARE = TexturedMesh(np.array([[0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0]], np.float32),
                      np.array([[0, 2, 1], [0, 3, 2]], np.int32),
                      np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32), IMAGE, np.ones(2, bool))
"""A poster of two colours as the camera sees it: x right, y down."""
HALF_TURN = np.diag([1.0, -1, -1])


def parsed(data):
    """.glb -> (JSON, binary), every size checked on the way."""
    version, length = np.frombuffer(data[4:12], "<u4")
    assert data[:4] == b"glTF" and version == 2 and length == len(data)
    sizes, place = [], 12
    while place < len(data):
        size, kind = np.frombuffer(data[place: place + 8], "<u4")
        assert size % 4 == 0
        sizes.append((kind, data[place + 8: place + 8 + size]))
        place += 8 + int(size)
    assert [kind for kind, _ in sizes] == [0x4E4F534A, 0x004E4942]
    return json.loads(sizes[0][1]), sizes[1][1]


def array_of(tree, binary, accessor):
    a = tree["accessors"][accessor]
    view = tree["bufferViews"][a["bufferView"]]
    assert view["byteOffset"] % 4 == 0 and view["byteOffset"] + view["byteLength"] <= len(binary)
    kind, width = {5126: "<f4", 5125: "<u4"}[a["componentType"]], {"SCALAR": 1, "VEC2": 2, "VEC3": 3}[a["type"]]
    values = np.frombuffer(binary, kind, a["count"] * width, view["byteOffset"])
    assert values.nbytes == view["byteLength"]
    return values.reshape(-1, width)


def test_the_structure_of_a_textured_file():
    tree, binary = parsed(textured_glb(SQUARE, HALF_TURN))
    primitive = tree["meshes"][0]["primitives"][0]
    assert np.array_equal(array_of(tree, binary, primitive["attributes"]["POSITION"]), SQUARE.vertices)
    assert np.array_equal(array_of(tree, binary, primitive["attributes"]["TEXCOORD_0"]), SQUARE.uv)
    assert np.array_equal(array_of(tree, binary, primitive["indices"]).ravel(), SQUARE.triangles.ravel())
    position = tree["accessors"][primitive["attributes"]["POSITION"]]
    assert position["min"] == [0, 0, 0] and position["max"] == [2, 1, 0]
    assert tree["asset"]["version"] == "2.0" and tree["extensionsUsed"] == ["KHR_materials_unlit"]
    material = tree["materials"][primitive["material"]]
    assert material["extensions"] == {"KHR_materials_unlit": {}}
    texture = tree["textures"][material["pbrMetallicRoughness"]["baseColorTexture"]["index"]]
    picture = tree["images"][texture["source"]]
    view = tree["bufferViews"][picture["bufferView"]]
    data = binary[view["byteOffset"]: view["byteOffset"] + view["byteLength"]]
    assert picture["mimeType"] == "image/jpeg" and texture["sampler"] < len(tree["samplers"])
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.abs(image.astype(int) - IMAGE).mean() < 3 and tree["buffers"][0]["byteLength"] == len(binary)


def test_others_read_the_textured_file_upright():
    scene = trimesh.load(io.BytesIO(textured_glb(SQUARE, HALF_TURN)), file_type="glb", process=False)
    assert np.allclose(scene.bounds, [[0, -1, 0], [2, 0, 0]], atol=1e-6)
    mesh = next(iter(scene.geometry.values()))
    assert np.array_equal(mesh.faces, SQUARE.triangles)
    colours = mesh.visual.to_color().vertex_colors[:, :3]
    assert np.abs(colours[0].astype(int) - IMAGE[0, 0]).max() < 8
    assert np.abs(colours[1].astype(int) - IMAGE[0, -1]).max() < 8


def test_colours_of_vertices_are_linear_in_the_file():
    colours = np.array([[0, 128, 255], [10, 20, 30], [255, 255, 255], [1, 2, 3]], np.uint8)
    tree, binary = parsed(coloured_glb(SQUARE.vertices, SQUARE.triangles, colours, HALF_TURN))
    linear = array_of(tree, binary, tree["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"])
    assert np.allclose(linear[0], [0, 0.21586, 1], atol=1e-4)
    assert "baseColorTexture" not in tree["materials"][0]["pbrMetallicRoughness"] and "images" not in tree


def test_others_read_the_obj_with_its_picture(tmp_path):
    folder = ResultFolder(tmp_path)
    for name, data in textured_obj(SQUARE, "mesh"):
        folder.write(name, data)
    mesh = trimesh.load(tmp_path / "mesh.obj", process=False, force="mesh")
    assert np.allclose(mesh.vertices[mesh.faces], SQUARE.vertices[SQUARE.triangles], atol=1e-5)
    assert mesh.visual.material.image.size == (64, 32)
    assert np.array_equal(mesh.visual.to_color().vertex_colors[mesh.faces[0], 0],
                          IMAGE[[0, -1, 0], [0, -1, -1], 0])
    folder.clear()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tilt_rad", [0.0, 0.4])
def test_upright_is_y_up_whatever_the_first_camera_did(tilt_rad):
    """Cameras that look down; the floor's normal says what up is."""
    c, s = np.cos(tilt_rad), np.sin(tilt_rad)
    floor_up = np.array([0, -c, -s])
    R = upright(np.tile(floor_up, (20, 1)), np.eye(4)[None])
    assert np.allclose(R @ floor_up, [0, 1, 0], atol=1e-9) and np.isclose(np.linalg.det(R), 1)
    assert (R @ [0, 0, 1])[2] < -0.9
