"""Binary glTF 2.0 (.glb): one mesh, its picture or its vertices' colours, upright, not lit, so that it looks as in the
photos. https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from calib.files.image_file import encode_jpeg
from monofuse.results.glb_file import FLOAT, U32, glb_bytes

if TYPE_CHECKING:
    from slam.texturing.texture import TexturedMesh

LINEAR, CLAMP_TO_EDGE = 9729, 33071
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
UNLIT = "KHR_materials_unlit"


class _Binary:
    """The binary part, and what the JSON part says of its pieces."""

    def __init__(self):
        self.data, self.views, self.accessors = b"", [], []

    def add(self, data: bytes, **of_view: int) -> int:
        """-> number of the new bufferView, which begins at a multiple of four bytes"""
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data), **of_view})
        self.data += data + bytes(-len(data) % 4)
        return len(self.views) - 1

    def add_array(self, values: np.ndarray, kind: str, target: int, **of_accessor: Any) -> int:
        """-> number of the new accessor: `kind` as in VEC3, uint32 for indices, else float32"""
        is_index = target == ELEMENT_ARRAY_BUFFER
        values = np.ascontiguousarray(values, "<u4" if is_index else "<f4")
        self.accessors.append({"bufferView": self.add(values.tobytes(), target=target), "count": len(values),
                               "componentType": U32 if is_index else FLOAT, "type": kind, **of_accessor})
        return len(self.accessors) - 1


def textured_glb(mesh: TexturedMesh, R_upright_world: np.ndarray) -> bytes:
    """Mesh -> content of a .glb file with its picture as JPEG; R_upright_world (3, 3) turns it y up."""
    binary = _Binary()
    texcoord = binary.add_array(mesh.uv, "VEC2", ARRAY_BUFFER)
    picture = binary.add(encode_jpeg(mesh.image))
    material = {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicFactor": 0.0}}
    rest = {"textures": [{"source": 0, "sampler": 0}], "images": [{"bufferView": picture, "mimeType": "image/jpeg"}],
            "samplers": [{"magFilter": LINEAR, "minFilter": LINEAR, "wrapS": CLAMP_TO_EDGE, "wrapT": CLAMP_TO_EDGE}]}
    return _glb(binary, mesh.vertices, mesh.triangles, {"TEXCOORD_0": texcoord}, material, R_upright_world, rest)


def coloured_glb(vertices: np.ndarray, triangles: np.ndarray, colours: np.ndarray, R_upright_world: np.ndarray
                 ) -> bytes:
    """Mesh with colours (V, 3) uint8 of its vertices -> content of a .glb file, in which colours are linear"""
    binary = _Binary()
    share = colours / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    colour = binary.add_array(linear, "VEC3", ARRAY_BUFFER)
    return _glb(binary, vertices, triangles, {"COLOR_0": colour}, {"pbrMetallicRoughness": {"metallicFactor": 0.0}},
                R_upright_world, {})


def _glb(binary, vertices, triangles, attributes, material, R_upright_world, rest):
    vertices = np.asarray(vertices, np.float32)
    position = binary.add_array(vertices, "VEC3", ARRAY_BUFFER, min=vertices.min(0).tolist(),
                                max=vertices.max(0).tolist())
    index = binary.add_array(np.ravel(triangles), "SCALAR", ELEMENT_ARRAY_BUFFER)
    x, y, z, w = Rotation.from_matrix(R_upright_world).as_quat(canonical=True).tolist()
    tree = {
        "asset": {"version": "2.0", "generator": "monofuse"}, "extensionsUsed": [UNLIT], "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "upright", "rotation": [x, y, z, w], "children": [1]}, {"name": "world", "mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": position, **attributes}, "indices": index,
                                    "material": 0}]}],
        "materials": [material | {"extensions": {UNLIT: {}}}],
        "accessors": binary.accessors, "bufferViews": binary.views,
        "buffers": [{"byteLength": len(binary.data)}], **rest}
    return glb_bytes(tree, binary.data)
