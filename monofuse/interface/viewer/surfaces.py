"""Meshes and clouds from files, as the viewer shows them and finds what is clicked on."""

import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from calib.base.errors import SourceError
from calib.files.bounded_file import bytes_of
from monofuse.results.glb_file import U32, glb_bytes, read_glb, vectors
from monofuse.results.gltf import coloured_glb
from monofuse.results.orientation import upright
from monofuse.results.rescaling.ply import check_triangles, vertex_table

MAX_BYTES = 512 << 20
"""Of a file; browsers take less."""
DEFAULT_RADIUS_M = 0.01
"""Of points in files that do not say it."""


class Shape(NamedTuple):
    """A mesh with y up."""

    glb: bytes
    """The file that browsers get; the node in it turns the mesh upright."""
    vertices: np.ndarray
    """(V, 3) float32, upright."""
    triangles: np.ndarray
    """(T, 3) rows of `vertices`."""
    R_upright_world: np.ndarray
    """(3, 3) from the axes of the trajectory."""
    is_ours: bool
    """Whether the file is one mesh as this program writes it, so that parts can be cut off."""

    def within(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Which triangles (T,) bool have their middle in a box from `low` to `high`, both (3,)."""
        middles = self.vertices[self.triangles].mean(1)
        return ((middles >= low) & (middles <= high)).all(1)

    def part(self, is_kept: np.ndarray) -> "Shape":
        """The triangles that are kept (T,) bool, with the same vertices and texture."""
        scene, binary = read_glb(self.glb)
        triangles = self.triangles[is_kept]
        accessor = scene["accessors"][scene["meshes"][0]["primitives"][0]["indices"]]
        scene["bufferViews"][accessor["bufferView"]] |= {"byteOffset": len(binary), "byteLength": triangles.nbytes}
        accessor["count"] = triangles.size
        binary += np.ascontiguousarray(triangles, "<u4").tobytes()
        scene["buffers"][0]["byteLength"] = len(binary)
        return self._replace(glb=glb_bytes(scene, bytes(binary)), triangles=triangles)


class Points(NamedTuple):
    """A cloud in the world."""

    positions: np.ndarray
    """(N, 3) float32, metres."""
    normals: np.ndarray
    """(N, 3) float32."""
    colours: np.ndarray
    """(N, 3) uint8."""
    radius_m: float
    """Median of the points'."""


def read_glb_shape(path: Path) -> Shape:
    """A .glb file -> Shape. Raises SourceError where there is no mesh in it."""
    data = _bytes_of(path)
    try:
        ours = _read_ours(data)
        return ours if ours else _read_foreign(data)
    except SourceError as error:
        raise SourceError(f"{path} cannot be shown: {error}") from error
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise SourceError(f"{path} cannot be shown: it is damaged ({error})") from error


def _read_ours(data: bytes) -> Shape | None:
    """A mesh as monofuse.results.gltf writes it; None for any other file."""
    scene, binary = read_glb(data)
    primitives = [primitive for mesh in scene.get("meshes", []) for primitive in mesh["primitives"]]
    if scene["asset"].get("generator") != "monofuse" or len(primitives) != 1:
        return None
    accessor = scene["accessors"][primitives[0]["indices"]]
    view = scene["bufferViews"][accessor["bufferView"]]
    if accessor["componentType"] != U32:
        return None
    triangles = np.frombuffer(binary, "<u4", accessor["count"], view["byteOffset"]).reshape(-1, 3).copy()
    vertices = vectors(scene, scene["accessors"][primitives[0]["attributes"]["POSITION"]], binary)
    check_triangles(triangles, len(vertices))
    R = Rotation.from_quat(scene["nodes"][0]["rotation"]).as_matrix()
    return Shape(data, (vertices @ R.T).astype(np.float32), triangles, R, True)


def _read_foreign(data: bytes) -> Shape:
    import trimesh
    scene: Any = trimesh.load(io.BytesIO(data), file_type="glb", process=False, force="scene")
    mesh = scene.to_geometry() if scene.geometry else None
    if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces):
        raise SourceError("there is no mesh in it")
    check_triangles(mesh.faces, len(mesh.vertices))
    return Shape(data, np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces), np.eye(3), False)


def read_ply_shape(path: Path, T_world_cam: np.ndarray | None) -> Shape:
    """A mesh in a .ply file -> Shape; T_world_cam (N, 4, 4) of the cameras, where they are known, tell which way is up.
    Raises SourceError."""
    import trimesh
    from trimesh.visual import ColorVisuals
    try:
        mesh = trimesh.load(io.BytesIO(_bytes_of(path)), file_type="ply", process=False)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise SourceError(f"{path} cannot be shown: it is damaged ({error})") from error
    if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces):
        raise SourceError(f"{path} cannot be shown: there is neither a mesh nor a cloud in it")
    try:
        check_triangles(mesh.faces, len(mesh.vertices))
    except SourceError as error:
        raise SourceError(f"{path} cannot be shown: {error}") from error
    assert isinstance(mesh.visual, ColorVisuals)
    R = upright(np.asarray(mesh.vertex_normals), np.zeros((0, 4, 4)) if T_world_cam is None else T_world_cam)
    glb = coloured_glb(mesh.vertices, mesh.faces, np.asarray(mesh.visual.vertex_colors)[:, :3], R)
    return Shape(glb, (mesh.vertices @ R.T).astype(np.float32), np.asarray(mesh.faces, np.uint32), R, True)


def read_points(path: Path) -> Points | None:
    """A cloud in a binary .ply file -> Points; None where it has faces or is written in another way. Raises
    SourceError."""
    data = _bytes_of(path)
    header = data[:data.find(b"end_header")]
    if b"element face" in header or b"binary_little_endian" not in header:
        return None
    try:
        _, table = vertex_table(data)
        names = table.dtype.names or ()
        positions = np.stack([table[axis] for axis in "xyz"], -1).astype(np.float32)
        normals = np.stack([table[axis] for axis in ("nx", "ny", "nz")], -1) if "nx" in names else 0 * positions
        colours = (np.stack([table[name] for name in ("red", "green", "blue")], -1) if "red" in names
                   else np.full(positions.shape, 180)).astype(np.uint8)
    except SourceError as error:
        raise SourceError(f"{path} cannot be shown: {error}") from error
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        raise SourceError(f"{path} cannot be shown: it is damaged ({error})") from error
    radius_m = float(np.median(table["radius"])) if "radius" in names and len(table) else DEFAULT_RADIUS_M
    return Points(positions, normals.astype(np.float32), colours, radius_m)


def _bytes_of(path: Path) -> bytes:
    try:
        return bytes_of(path, MAX_BYTES, "a mesh")
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from error
