"""Results as files. Each is written whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.base.errors import BadInputError, OutputError
from calib.files.atomic_file import partial_pattern, reason_of, write_file
from calib.files.tum_files import trajectory_text

if TYPE_CHECKING:
    import trimesh

    from slam.mapping.live_map import LiveMap
    from slam.mapping.surfels import Surfels

MESH_FORMATS = ("ply", "obj", "glb")
ESTIMATED_CAMERA, KEYFRAME_PICTURES, SCENE = "estimated_camera.yaml", "keyframes.zip", "scene.html"
RESULTS = ("trajectory.txt", "map.ply", *(f"mesh.{name}" for name in (*MESH_FORMATS, "mtl", "png")), "overview.png",
           "report.json", ESTIMATED_CAMERA, KEYFRAME_PICTURES, SCENE)
"""All files that a run may write, besides those of PART_RESULTS."""
PART_RESULTS = re.compile(r"part_\d+_(trajectory\.txt|map\.ply)|recording_\d+_trajectory\.txt")
"""part_N_trajectory.txt and part_N_map.ply of each part of the trajectory that could not be joined to the rest, and
recording_N_trajectory.txt of each recording before the last one, where several went into the map."""
OBJ_DIGITS = 5
"""Decimals in .obj files: hundredths of a millimetre, since text is three times as large as the other formats."""


class ResultFolder:
    """A folder for results. Raises OutputError at once if nothing can be written there."""

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self.written: list[str] = []
        """Names of the files that are there, in the order in which they were first written."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe = self.path / ".writable.part"
            probe.write_bytes(b"x")
            probe.unlink()
        except OSError as error:
            raise OutputError(f"cannot write to {self.path}: {reason_of(error)}; choose another --output") from error

    def clear(self) -> None:
        """Remove the results of older runs, so that nothing here belongs to another run. Raises OutputError."""
        parts = [path.name for path in self.path.iterdir() if PART_RESULTS.fullmatch(path.name)]
        for name in (*RESULTS, *parts):
            for path in (self.path / name, *self.path.glob(partial_pattern(name))):
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise OutputError(f"cannot remove the older {path}: {error.strerror}") from error

    def write(self, name: str, data: bytes) -> None:
        """bytes -> file, replacing an older one only when the new one is complete. Raises OutputError."""
        write_file(self.path / name, data)
        if name not in self.written:
            self.written.append(name)


def require_new_folder(path: Path) -> None:
    """Raise BadInputError where something lies in the folder for what a command writes."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise BadInputError(f"{path} is there already: choose a new folder for --output")


def map_files(live_map: LiveMap) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the trajectory and map files: of the main submap, then of each that could not be joined,
    then the trajectories of earlier recordings in the main submap."""
    main = live_map.main_submap
    for number in [main, *(record["submap"] for record in live_map.submaps()[1:])]:
        prefix = "" if number == main else f"part_{number}_"
        yield f"{prefix}trajectory.txt", trajectory_text(*live_map.trajectory(number))
        yield f"{prefix}map.ply", surfels_ply(live_map.surfels_of(number), live_map.keyframes.T_world_key)
    for number, trajectory in enumerate(live_map.earlier, 1):
        yield f"recording_{number}_trajectory.txt", trajectory_text(*trajectory.in_world(live_map.keyframes, main))


def surfels_ply(surfels: Surfels, T_world_key: np.ndarray) -> bytes:
    """All surfels -> bytes of a binary PLY: x y z nx ny nz red green blue radius confidence."""
    rows = surfels.select(0)
    points, normals = surfels.world_points(rows, T_world_key)
    fields = [(name, "<f4") for name in ("x", "y", "z", "nx", "ny", "nz")]
    fields += [(name, "u1") for name in ("red", "green", "blue")] + [("radius", "<f4"), ("confidence", "<f4")]
    table = np.empty(len(rows), fields)
    table["x"], table["y"], table["z"] = points.T
    table["nx"], table["ny"], table["nz"] = normals.T
    table["red"], table["green"], table["blue"] = np.round(surfels.arrays.colour[rows]).astype(np.uint8).T
    table["radius"], table["confidence"] = surfels.arrays.radius[rows], surfels.arrays.confidence[rows]
    types = {"<f4": "float", "u1": "uchar"}
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(rows)}"]
    header += [f"property {types[kind]} {name}" for name, kind in fields] + ["end_header\n"]
    return "\n".join(header).encode() + table.tobytes()


def mesh_file(mesh: trimesh.Trimesh, file_format: str) -> bytes:
    """Mesh -> bytes of a .ply or .obj file with vertex colours."""
    options: dict[str, Any] = {"digits": OBJ_DIGITS} if file_format == "obj" else {}
    data = mesh.export(file_type=file_format, **options)
    assert not isinstance(data, dict), "neither format is several files without a texture"
    return data.encode() if isinstance(data, str) else data
