"""Results as files. Each is written whole or not at all."""

import errno
import os
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import trimesh

from calib.base.errors import OutputError
from calib.geometry import se3
from slam.mapping.surfels import Surfels

MESH_FORMATS = ("ply", "obj", "glb")
ESTIMATED_CAMERA = "estimated_camera.yaml"
RESULTS = ("trajectory.txt", "map.ply", *(f"mesh.{name}" for name in MESH_FORMATS), "overview.png", "report.json",
           ESTIMATED_CAMERA)
"""All files that a run may write, besides those of PART_RESULTS."""
PART_RESULTS = "part_*"
"""part_N_trajectory.txt and part_N_map.ply of each part of the trajectory that could not be joined to the rest."""
OBJ_DIGITS = 5
"""Decimals in .obj files: hundredths of a millimetre, since text is three times as large as the other formats."""


class ResultFolder:
    """A folder for results. Raises OutputError at once if nothing can be written there."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe = self.path / ".writable.part"
            probe.write_bytes(b"x")
            probe.unlink()
        except OSError as error:
            raise OutputError(f"cannot write to {self.path}: {_reason(error)}; choose another --output") from error

    def clear(self) -> None:
        """Remove the results of older runs, so that nothing here belongs to another run. Raises OutputError."""
        parts = [path.name for path in self.path.glob(PART_RESULTS)]
        for name in (*RESULTS, *parts):
            for path in (self.path / name, self._partial(name)):
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise OutputError(f"cannot remove the older {path}: {error.strerror}") from error

    def write(self, name: str, data: bytes) -> None:
        """bytes -> file, replacing an older one only when the new one is complete. Raises OutputError."""
        partial = self._partial(name)
        try:
            partial.write_bytes(data)
            os.replace(partial, self.path / name)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise OutputError(f"cannot write {self.path / name} ({len(data) / 1e6:.1f} MB): {_reason(error)}; free "
                              f"some space or choose another --output") from error

    def _partial(self, name: str) -> Path:
        return self.path / f".{name}.part"


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return "there is a file in the place of the folder"
    return error.strerror or str(error)


def trajectory_text(times_s, T_world_cam):
    """Timestamps (N,) and motions (N, 4, 4) -> bytes in TUM format."""
    lines = ["# timestamp tx ty tz qx qy qz qw (camera to world, metres)"]
    t_m, quat_xyzw = se3.to_quaternion(T_world_cam)
    for time_s, t, q in zip(times_s, t_m, quat_xyzw):
        lines.append(f"{time_s:.6f} " + " ".join(f"{value:.7f}" for value in (*t, *q)))
    return ("\n".join(lines) + "\n").encode()


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
    """Mesh -> bytes of a .ply, .obj or .glb file with vertex colours."""
    options = {"digits": OBJ_DIGITS} if file_format == "obj" else {}
    data = mesh.export(file_type=file_format, **options)
    return data.encode() if isinstance(data, str) else data


def png(rgb: np.ndarray) -> bytes:
    """(H, W, 3) uint8 -> bytes of a PNG file."""
    return cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()
