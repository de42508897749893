"""Rescaled text files: trajectories and .obj meshes."""

from monofuse.results.files import OBJ_DIGITS


def rescaled_trajectory(data: bytes, factor: float) -> bytes:
    """`timestamp tx ty tz qx qy qz qw` lines with positions times `factor`; all else stays as it is."""
    def rescaled(line: str) -> str:
        time_s, *position_m, qx, qy, qz, qw = line.split()
        return " ".join([time_s, *(f"{factor * float(value):.7f}" for value in position_m), qx, qy, qz, qw])
    lines = data.decode().splitlines()
    return ("\n".join(line if not line or line.startswith("#") else rescaled(line) for line in lines) + "\n").encode()


def rescaled_obj(data: bytes, factor: float) -> bytes:
    """Wavefront .obj with vertices times `factor`; their colours, texture coordinates and normals stay."""
    def rescaled(line: bytes) -> bytes:
        word, x, y, z, *colour = line.split()
        position = (f"{factor * float(value):.{OBJ_DIGITS}f}".encode() for value in (x, y, z))
        return b" ".join([word, *position, *colour])
    return b"\n".join(rescaled(line) if line.startswith(b"v ") else line for line in data.split(b"\n"))
