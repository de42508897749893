"""Points as an LAS file, the exchange format of laser scanning."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from calib.base.errors import MissingPackageError

STEP_M = 1e-4
"""Resolution of the positions, which LAS stores as whole numbers of 32 bits."""
POINT_FORMAT, VERSION = 7, "1.4"
"""Position and colour, in the version that surveying programs of today want."""


def las_files(points: np.ndarray, rgb: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """Points (N, 3) in metres and colours (N, 3) uint8 -> name and content of points.las; z is up in LAS, so the axes
    are x right, z forward, and up. Raises MissingPackageError."""
    try:
        import laspy
    except ImportError as error:
        raise MissingPackageError("laspy", "export --format las") from error
    header = laspy.LasHeader(version=VERSION, point_format=POINT_FORMAT)
    upright = points @ np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # (x, y, z) -> (x, z, -y)
    header.offsets, header.scales = np.floor(upright.min(0)), np.full(3, STEP_M)
    las = laspy.LasData(header)
    las.xyz = upright
    las.red, las.green, las.blue = rgb.T.astype(np.uint16) * 257  # 255 becomes 65535
    file = io.BytesIO()
    las.write(file, do_compress=False)
    yield "points.las", file.getvalue()
