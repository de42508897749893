"""The folder of a finished result, written without a run: a wall of two triangles, three poses, two keyframes."""

import io
import json
import zipfile

import numpy as np

from calib.files.image_file import encode_jpeg
from calib.files.tum_files import trajectory_text
from monofuse.results.gltf import coloured_glb

R_UPRIGHT = np.diag([1.0, -1.0, -1.0])
VERTICES = np.array([[-1, -1, 2], [1, -1, 2], [1, 1, 2], [-1, 1, 2]], float)
"""In the world: a wall two metres before the first camera."""
TRIANGLES = np.array([[0, 2, 1], [0, 3, 2]])
TIMES_S = np.array([10.0, 10.5, 11.0])


def glb():
    return coloured_glb(VERTICES, TRIANGLES, np.full((4, 3), 120, np.uint8), R_UPRIGHT)


def poses():
    T = np.tile(np.eye(4), (3, 1, 1))
    T[:, 0, 3] = 0, 0.1, 0.2
    return T


def map_ply(count=4):
    fields = [(name, "<f4") for name in ("x", "y", "z", "nx", "ny", "nz")]
    fields += [(name, "u1") for name in ("red", "green", "blue")] + [("radius", "<f4"), ("confidence", "<f4")]
    table = np.zeros(count, fields)
    table["x"], table["z"], table["nz"], table["red"], table["radius"] = np.arange(count) / 10, 2, -1, 200, 0.02
    words = {"<f4": "float", "u1": "uchar"}
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {count}"]
    header += [f"property {words[kind]} {name}" for name, kind in fields] + ["end_header\n"]
    return "\n".join(header).encode() + table.tobytes()


def pictures():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for time_s, grey in ((10.01, 60), (11.0, 180)):
            archive.writestr(zipfile.ZipInfo(f"{time_s:.6f}.jpg"), encode_jpeg(np.full((24, 32, 3), grey, np.uint8)))
    return file.getvalue()


def write_result(folder):
    folder.mkdir(exist_ok=True)
    (folder / "mesh.glb").write_bytes(glb())
    (folder / "map.ply").write_bytes(map_ply())
    (folder / "trajectory.txt").write_bytes(trajectory_text(TIMES_S, poses()))
    (folder / "keyframes.zip").write_bytes(pictures())
    (folder / "report.json").write_text(json.dumps({
        "source": "wall", "tracked": 3, "keyframes": 2, "scale_log_std": 0.1, "scale_doubtful": False,
        "camera": {"width": 32, "height": 24, "fx": 30.0, "fy": 30.0}}))
    return folder
