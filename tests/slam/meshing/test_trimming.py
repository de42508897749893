"""slam.meshing.trimming on flat meshes."""

import numpy as np
import pytest

from slam.meshing.trimming import in_large_piece

COUNT, STEP_M = 21, 0.05


def sheet(height_m=0.0):
    """A square of 1 m with a vertex every STEP_M -> vertices (V, 3), triangles (T, 3) that face upwards."""
    x, y = np.meshgrid(STEP_M * np.arange(COUNT), STEP_M * np.arange(COUNT))
    corner = (COUNT * np.arange(COUNT - 1)[:, None] + np.arange(COUNT - 1)).ravel()
    a, b, c, d = corner, corner + 1, corner + COUNT + 1, corner + COUNT
    return (np.column_stack([x.ravel(), y.ravel(), np.full(x.size, height_m)]),
            np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])]))


@pytest.mark.parametrize("min_share, is_kept", [(0.1, True), (0.3, False)])
def test_pieces_count_by_their_share_of_all_triangles(min_share, is_kept):
    """A cut leaves four fifths of a sheet on one side and 0.15 on the other."""
    vertices, triangles = sheet()
    kept = vertices[:, 0] < 0.78
    kept |= vertices[:, 0] > 0.83
    found = in_large_piece(triangles, kept, min_share)
    assert found[vertices[:, 0] < 0.78].all() and np.all(found[vertices[:, 0] > 0.83] == is_kept)
    assert not found[~kept].any()
