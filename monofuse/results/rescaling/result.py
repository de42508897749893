"""A finished result as a whole: what is in its folder, and all of it made larger or smaller at once."""

import math
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from calib.base.errors import BadInputError, SourceError
from calib.files.atomic_file import replace_all, replacing
from calib.files.bounded_file import bytes_of, refuse_unbounded
from calib.files.image_file import encode_png
from calib.files.json_text import json_in
from calib.files.tum_files import read_trajectory
from monofuse.maps.map_file import MAP_FILE
from monofuse.maps.rescaled import rescaled_map
from monofuse.results.files import ESTIMATED_CAMERA, KEYFRAME_PICTURES, PART_RESULTS, RESULTS, SCENE
from monofuse.results.length import length_in_words
from monofuse.results.overview import draw_overview
from monofuse.results.report import report_file
from monofuse.results.rescaling.glb import rescaled_glb
from monofuse.results.rescaling.ply import check_triangles, rescaled_ply, vertex_table
from monofuse.results.rescaling.report import rescaled_report
from monofuse.results.rescaling.text_files import rescaled_obj, rescaled_trajectory
from slam.texturing.texture import TexturedMesh

MAX_BYTES = 512 << 20
"""Of one file of a result."""
RESCALERS: dict[str, Callable[[bytes, float], bytes]] = {
    "trajectory.txt": rescaled_trajectory, ".ply": rescaled_ply, "mesh.obj": rescaled_obj, "mesh.glb": rescaled_glb}
"""By how a file's name ends: its content and a factor -> its content with all lengths times that."""
WITHOUT_LENGTHS = (ESTIMATED_CAMERA, KEYFRAME_PICTURES, "mesh.mtl", "mesh.png")
"""Results that stay as they are."""
REDRAWN = ("overview.png", "report.json", SCENE)


def read_report(folder: Path) -> dict[str, Any]:
    """report.json of a result; empty for results of the library, which have none. Raises BadInputError."""
    if not (folder / "trajectory.txt").is_file():
        raise BadInputError(f"{folder} is no result of a run: it has no trajectory.txt")
    path = folder / "report.json"
    if not path.exists() and not path.is_symlink():
        return {}
    report = json_in(path)
    try:
        rescaled_report(report, 1.0, 0.0, {})
        length_in_words(report, 1.0)
        measured = report.get("measured", {"factor": 1.0})
        ends = [*measured.get("from", [1.0]), *measured.get("to", [1.0])]
        if not all(isinstance(value, float | int) and math.isfinite(value) for value in (*ends, measured["factor"])):
            raise ValueError("measured")
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        raise BadInputError(f"{path} is no report of a run, or damaged ({error})") from error
    return report


def distance_to_surface_m(folder: Path, points: np.ndarray) -> np.ndarray:
    """Points (N, 3) -> (N,) distance to the nearest vertex of the mesh, or surfel where there is no mesh; 0 for a
    result without either. Raises SourceError."""
    path = next((folder / name for name in ("mesh.ply", "map.ply") if (folder / name).is_file()), None)
    if path is None:
        return np.zeros(len(points))
    table = _naming(path, vertex_table, _content(path))[1]
    vertices = np.stack([table[axis].astype(np.float32) for axis in "xyz"], -1)
    return np.array([np.linalg.norm(vertices - point, axis=1).min(initial=np.inf) for point in points])


def rescale(folder: Path, factor: float, report: dict[str, Any]) -> None:
    """Multiply all lengths in a result by `factor`, with its new `report`: all files or none.

    The picture is drawn again from the mesh, since its scale bar changes; a result without a mesh loses it, and
    scene.html goes, to be written anew from the other files. Raises
    SourceError for a file that cannot be read, OutputError for one that cannot be written.
    """
    contents: dict[str, bytes | None] = {}
    for path in sorted(folder.iterdir()):
        rescaler = next((function for ending, function in RESCALERS.items() if path.name.endswith(ending)), None)
        if rescaler and (path.name in RESULTS or PART_RESULTS.fullmatch(path.name)):
            contents[path.name] = _naming(path, rescaler, _content(path), factor)
    if (folder / "overview.png").is_file():
        contents["overview.png"] = _overview(folder, factor, str(report.get("source", folder.name)),
                                             report["scale_log_std"])
    if (folder / SCENE).is_file():
        contents[SCENE] = None
    for name in contents:
        if (folder / name).is_file():  # what is replaced is kept in memory until all is done
            refuse_unbounded(folder / name, MAX_BYTES, "a result")
    contents["report.json"] = report_file(report)
    with _rescaled_map(folder, factor):
        replace_all(folder, contents)


@contextmanager
def _rescaled_map(folder, factor):
    """A `with` block after which the map takes the place of the old one, unless it raises."""
    if not (folder / MAP_FILE).is_file():
        yield
        return
    with replacing(folder / MAP_FILE) as partial:
        rescaled_map(folder / MAP_FILE, partial, factor)
        yield


def _overview(folder, factor, caption, log_std):
    """The picture of the rescaled mesh as a PNG, or None without a mesh."""
    if not (folder / "mesh.ply").is_file():
        return None
    import trimesh
    mesh = _naming(folder / "mesh.ply", trimesh.load, BytesIO(_content(folder / "mesh.ply")), "ply", False)
    if not isinstance(mesh, trimesh.Trimesh):
        raise SourceError(f"{folder / 'mesh.ply'} cannot be rescaled: there is no mesh in it")
    _naming(folder / "mesh.ply", check_triangles, mesh.faces, len(mesh.vertices))
    mesh.apply_scale(factor)
    _, T_world_cam = read_trajectory(folder / "trajectory.txt")
    T_world_cam[:, :3, 3] *= factor
    return encode_png(draw_overview(mesh, _texture(folder, factor), T_world_cam, caption, log_std))


def _texture(folder, factor):
    """The texture in mesh.glb, of the mesh `factor` times as large; None where it has none."""
    if not (folder / "mesh.glb").is_file():
        return None
    import trimesh
    content = BytesIO(_content(folder / "mesh.glb"))
    scene: Any = _naming(folder / "mesh.glb", partial(trimesh.load, force="scene"), content, "glb", False)
    parts = list(scene.geometry.values())  # in our world: the node that turns it upright is left out
    if len(parts) != 1 or not isinstance(parts[0], trimesh.Trimesh):
        return None
    mesh = parts[0]
    visual: Any = mesh.visual
    if getattr(visual, "uv", None) is None:
        return None
    image = np.asarray(visual.material.baseColorTexture.convert("RGB"))
    uv = np.column_stack([visual.uv[:, 0], 1 - visual.uv[:, 1]]).astype(np.float32)  # trimesh counts rows upwards
    return TexturedMesh((factor * mesh.vertices).astype(np.float32), mesh.faces.astype(np.int32), uv, image,
                        np.ones(len(mesh.faces), bool))


def _naming(path, function, *arguments):
    """Call a reader; its error names the file."""
    try:
        return function(*arguments)
    except SourceError as error:
        raise SourceError(f"{path} cannot be rescaled: {error}") from error
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise SourceError(f"{path} cannot be rescaled: it is damaged ({error})") from error


def _content(path):
    """Content of a file of the result. Raises SourceError."""
    try:
        return bytes_of(path, MAX_BYTES, "a result")
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
