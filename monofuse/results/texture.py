"""The texture of a finished map's mesh, and the files of meshes for sharing."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from calib.base.errors import MonofuseError
from monofuse.results.files import mesh_file
from monofuse.results.gltf import coloured_glb, textured_glb
from monofuse.results.obj import textured_obj
from monofuse.results.orientation import upright
from slam.meshing.coloured_mesh import colours_of
from slam.system import SlamSystem
from slam.texturing.surface import Photo, Surface
from slam.texturing.texture import TexturedMesh, texture_steps

if TYPE_CHECKING:
    import trimesh


class NoTexture(MonofuseError):
    """There is no image to take a texture from."""


def texture_of(slam: SlamSystem, mesh: trimesh.Trimesh) -> Generator[float, None, TexturedMesh]:
    """Paint the main submap's mesh from its keyframes: yields the share of the work that is done, returns the
    TexturedMesh. Raises NoTexture."""
    photos = photos_of(slam)
    if not photos:
        raise NoTexture("no keyframe of this map has its image: raise keyframe_images.max_mb for a texture")
    return (yield from texture_steps(surface_of(mesh), photos, slam.config.texture))


def photos_of(slam: SlamSystem) -> list[Photo]:
    """The full-size images of the main submap's keyframes."""
    keyframes, main = slam.keyframes, slam.map.main_submap
    return [Photo(lambda row=row: slam.images.rgb(row), keyframes.T_world_key[row], slam.full_camera)
            for row in slam.images.rows if keyframes.submap[row] == main]


def surface_of(mesh: trimesh.Trimesh) -> Surface:
    """A mesh with colours of its vertices, as texturing takes it."""
    return Surface(np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32),
                   colours_of(mesh).astype(np.float32))


def mesh_files(mesh: trimesh.Trimesh, texture: TexturedMesh | None, T_world_cam: np.ndarray, formats: Iterable[str]
               ) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files besides mesh.ply: mesh.glb, and mesh.obj where `formats` has it; with the colours
    of vertices where there is no texture. T_world_cam (N, 4, 4) tell which way is up."""
    R_upright_world = upright(np.asarray(mesh.vertex_normals), T_world_cam)
    if texture is not None:
        yield "mesh.glb", textured_glb(texture, R_upright_world)
        if "obj" in formats:
            yield from textured_obj(texture, "mesh")
        return
    yield "mesh.glb", coloured_glb(mesh.vertices, mesh.faces, colours_of(mesh), R_upright_world)
    if "obj" in formats:
        yield "mesh.obj", mesh_file(mesh, "obj")
