"""slam.kernels.corner_flow against the same in numpy."""

import numpy as np

from slam.kernels.corner_flow import nearest_flow


def test_the_nearest_flow_that_a_motion_allows():
    rng = np.random.default_rng(0)
    jacobian, flow_px, twists = rng.normal(size=(30, 2, 6)), rng.normal(size=(30, 2)), rng.normal(size=(7, 6))
    jacobian[3, :, :3] = 0  # a corner at infinity
    residuals_px, factor = np.empty((2, 7, 30))
    nearest_flow(jacobian, flow_px, twists, 3.0, residuals_px, factor)

    parallax = np.einsum("nij,mj->mni", jacobian[..., :3], twists[:, :3])
    rest = flow_px - np.einsum("nij,mj->mni", jacobian[..., 3:], twists[:, 3:])
    tried = np.exp(np.linspace(-np.log(3), np.log(3), 2001))
    distances = np.linalg.norm(rest[..., None, :] - tried[:, None] * parallax[..., None, :], axis=-1)
    np.testing.assert_allclose(residuals_px, distances.min(-1), atol=5e-3)
    np.testing.assert_allclose(np.linalg.norm(rest - factor[..., None] * parallax, axis=-1), residuals_px)
    assert factor.min() >= 1 / 3 and factor.max() <= 3
