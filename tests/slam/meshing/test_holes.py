"""slam.meshing.holes on a flat sheet from which triangles are missing."""

import numpy as np
import pytest

from slam.meshing.holes import without_small_holes
from tests.slam.meshing.test_trimming import STEP_M, sheet


def area_m2(vertices, triangles):
    """Of flat triangles, those that face down counting negative."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    return np.cross(b - a, c - a)[:, 2].sum() / 2


def with_hole(half_m):
    vertices, triangles = sheet()
    centre = vertices[triangles].mean(1)
    return vertices, triangles[(np.abs(centre[:, :2] - 0.5) > half_m).any(1)]


@pytest.mark.parametrize("half_m, closed", [(0.1, True), (0.3, False)])
def test_holes_up_to_the_radius_are_closed(half_m, closed):
    vertices, triangles = with_hole(half_m)
    filled = without_small_holes(vertices, triangles, max_radius_m=4 * STEP_M)
    assert (abs(area_m2(*filled) - 1) < 1e-9) == closed
    assert closed or len(filled[1]) == len(triangles)


def test_the_outer_border_and_crossing_loops_stay_open():
    vertices, triangles = sheet()
    centre = vertices[triangles].mean(1)[:, :2]
    near = np.abs(centre[:, None] - np.array([[0.5, 0.5], [0.55, 0.55]])).max(-1) < STEP_M / 2
    pinched = triangles[~near.any(1)]
    for given in (triangles, pinched):
        assert len(without_small_holes(vertices, given, 0.3)[1]) == len(given)
