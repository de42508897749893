"""Intrinsic matrices in the shapes that files give them."""

from collections.abc import Sequence

import numpy as np

from calib.base.errors import CalibrationError

MAX_SKEW = 0.01
"""Of the axes, as a share of the focal length, that is left out."""


def intrinsics_of(numbers: Sequence[float]) -> tuple[float, float, float, float]:
    """9, 12 or 16 numbers of a 3x3, 3x4 or 4x4 matrix, row by row or column by column -> fx, fy, cx, cy.

    Raises CalibrationError where they are no intrinsic matrix.
    """
    values = np.array(numbers, float)
    shape = {9: (3, 3), 12: (3, 4), 16: (4, 4)}.get(values.size)
    K = values.reshape(shape)[:3, :3] if shape else np.zeros((3, 3))
    if values.size == 16 and not values.reshape(4, 4)[2, :2].any() and values[10] == 0:
        K = K + np.diag([0, 0, 1.0])
    if not K[:2, 2].any() and K[2, :2].any():
        K = K.T
    is_upper = np.allclose(K[2], [0, 0, 1], atol=1e-6) and K[1, 0] == 0
    if not is_upper or abs(K[0, 1]) > MAX_SKEW * abs(K[0, 0]) or not K[0, 0] or not K[1, 1]:
        raise CalibrationError(f"expected an intrinsic matrix fx 0 cx, 0 fy cy, 0 0 1, found "
                               f"{' '.join(f'{value:g}' for value in values[:16])[:80]!r}")
    return float(K[0, 0]), float(K[1, 1]), float(K[0, 2]), float(K[1, 2])


def is_matrix(numbers: Sequence[float]) -> bool:
    """Whether `intrinsics_of` understands them."""
    try:
        intrinsics_of(numbers)
    except (CalibrationError, ValueError):
        return False
    return True
