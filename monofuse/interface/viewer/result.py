"""A finished result, or one of its files, as the viewer shows it."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from calib.base.errors import BadInputError
from calib.files.json_text import json_in
from calib.files.tum_files import read_trajectory
from monofuse.interface.viewer.surfaces import Points, Shape, read_glb_shape, read_ply_shape, read_points
from monofuse.results.files import KEYFRAME_PICTURES
from monofuse.results.keyframe_pictures import KeyframePicture, read_pictures
from monofuse.results.orientation import upright

KINDS = "a result folder of a run, a mesh (.glb, .ply) or a map.ply"


@dataclass
class Result:
    """What there is to be shown; parts that a result lacks are None or empty."""

    name: str
    shape: Shape | None = None
    """The mesh, upright."""
    points: Points | None = None
    """The surfels in the world."""
    R_upright_world: np.ndarray = field(default_factory=lambda: np.diag([1.0, -1.0, -1.0]))
    """(3, 3) from the world, in which trajectory and surfels are, into axes with y up, in which it is shown."""
    times_s: np.ndarray = field(default_factory=lambda: np.zeros(0))
    T_world_cam: np.ndarray = field(default_factory=lambda: np.zeros((0, 4, 4)))
    pictures: list[KeyframePicture] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner (3,) of what there is, upright; of mesh and surfels without outliers."""
        parts = [self.T_world_cam[:, :3, 3] @ self.R_upright_world.T]
        if self.shape is not None:
            parts.append(np.percentile(self.shape.vertices, (0.5, 99.5), axis=0))
        elif self.points is not None and len(self.points.positions):
            parts.append(np.percentile(self.points.positions @ self.R_upright_world.T, (0.5, 99.5), axis=0))
        corners = np.concatenate(parts) if sum(map(len, parts)) else np.zeros((1, 3))
        return corners.min(0), corners.max(0)


def read_result(path: Path, points_beside_mesh: bool = True) -> Result:
    """A folder or one file -> Result; `points_beside_mesh`: the surfels also where there is a mesh.

    Raises BadInputError where it is neither, SourceError where it is damaged."""
    if not path.exists():
        raise BadInputError(f"there is no {path}: give {KINDS}")
    return _read_folder(path, points_beside_mesh) if path.is_dir() else _read_file(path)


def _read_file(path: Path) -> Result:
    if path.suffix.lower() == ".glb":
        shape = read_glb_shape(path)
        return Result(path.name, shape, R_upright_world=shape.R_upright_world)
    if path.suffix.lower() != ".ply":
        raise BadInputError(f"{path} is nothing to be viewed: give {KINDS}")
    points = read_points(path)
    if points is not None:
        return Result(path.name, points=points)
    shape = read_ply_shape(path, None)
    return Result(path.name, shape, R_upright_world=shape.R_upright_world)


def _read_folder(folder: Path, points_beside_mesh: bool) -> Result:
    report = _read_report(folder)
    result = Result(str(report.get("source", folder.name)), report=report)
    if (folder / "trajectory.txt").is_file():
        result.times_s, result.T_world_cam = read_trajectory(folder / "trajectory.txt")
    if (folder / "mesh.glb").is_file():
        result.shape = read_glb_shape(folder / "mesh.glb")
    elif (folder / "mesh.ply").is_file():
        result.shape = read_ply_shape(folder / "mesh.ply", result.T_world_cam)
    if (folder / "map.ply").is_file() and (points_beside_mesh or result.shape is None):
        result.points = read_points(folder / "map.ply")
    if result.shape is None and result.points is None and not len(result.times_s):
        raise BadInputError(f"{folder} holds no result of a run: give {KINDS}")
    if result.shape is not None:
        result.R_upright_world = result.shape.R_upright_world
    elif result.points is not None:
        result.R_upright_world = upright(result.points.normals, result.T_world_cam)
    if (folder / KEYFRAME_PICTURES).is_file():
        result.pictures = read_pictures(folder / KEYFRAME_PICTURES)
    return result


def _read_report(folder: Path) -> dict[str, Any]:
    """report.json; empty where there is none, as in results of the library."""
    if not (folder / "report.json").exists():
        return {}
    report = json_in(folder / "report.json")
    return report if isinstance(report, dict) else {}
