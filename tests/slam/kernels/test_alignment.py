"""slam.kernels.alignment against slow references and finite differences."""

import numpy as np
import pytest

from calib.geometry import se3
from slam.kernels.alignment import POINT_FIELDS, LiveImage, Residuals, linearise, residuals
from slam.tracking.pyramid import NO_DEPTH, build_pyramid
from tests.helpers import references, scenes

EDGE_RATIO = np.float32(1.05)
SIGMA = np.array([0.02, 0.004])
MOTION = np.array([0.03, -0.02, 0.04, 0.01, -0.02, 0.005])


def gray_of(rgb):
    return np.ascontiguousarray(rgb.astype(np.float32).mean(-1) / 255)


def make_points(count=400, depth_log_std=0.0):
    """Random pixels of the scene from the identity, and its key image's texture there."""
    rgb, depth_m = scenes.picture(np.eye(4))
    texture = build_pyramid(gray_of(rgb), NO_DEPTH, scenes.CAMERA, 1).levels[0].texture
    rng = np.random.default_rng(0)
    v, u = rng.integers(4, 116, count), rng.integers(4, 156, count)
    points = np.empty((POINT_FIELDS, count), np.float32)
    points[:3] = scenes.CAMERA.backproject(depth_m)[v, u].T
    points[3:6] = texture[v, u].T
    points[6] = depth_log_std
    return points


@pytest.fixture(scope="module")
def live():
    T_cam_key = se3.exp(MOTION)
    rgb, depth_m = scenes.picture(se3.inverse(T_cam_key), gain=0.9, bias=0.05)
    level = build_pyramid(gray_of(rgb), 1 / depth_m, scenes.CAMERA, 1).levels[0]
    return level, T_cam_key


def run(points, level, T, affine, depth=True, sigma=SIGMA):
    products = np.empty((9, 9))
    counts = linearise(points, live_image(level, depth), T[:3].astype(np.float32), np.array(affine), sigma, products)
    return products, counts


def live_image(level, depth=True):
    return LiveImage(level.texture, level.inverse_depth if depth else NO_DEPTH, scenes.CAMERA.pinhole, EDGE_RATIO)


def test_residuals_match_the_reference(live):
    level, T = live
    points, affine = make_points(), np.array([-0.08, 0.04])
    T = se3.exp(np.array([0.01, 0.0, -0.02, 0.004, 0.003, -0.002])) @ T
    found = Residuals(*np.empty((3, points.shape[1]), np.float32))
    seen, seen_depth = residuals(points, live_image(level), T[:3].astype(np.float32), affine, found)
    columns = points.T.astype(np.float64)
    gray, rho = level.texture[..., 0].astype(np.float64), level.inverse_depth.astype(np.float64)
    expected = [references.photometric_residual(p, gray, scenes.CAMERA, T, affine) for p in columns]
    inside = [r is not None for r in expected]
    assert seen == sum(inside)
    assert np.allclose(found.photometric[:seen], [r for r in expected if r is not None], atol=3e-6)
    predicted = np.exp(affine[0]) * columns[inside, 3] + affine[1]
    assert np.allclose(found.live[:seen] - found.photometric[:seen], predicted, atol=3e-6)
    expected = [references.geometric_residual(p, rho, scenes.CAMERA, T) for p in columns[inside]]
    expected = [r for r in expected if r is not None]
    assert 0.9 * seen < seen_depth == len(expected)
    assert np.allclose(found.geometric[:seen_depth], expected, atol=3e-6)


@pytest.mark.parametrize("u", [0.5, 0.98, 1.02, 80, 157.98, 158.02, 158.5, 159.5])
@pytest.mark.parametrize("v", [0.5, 0.98, 1.02, 60, 117.98, 118.02, 118.5, 119.5])
def test_points_count_where_the_image_has_its_gradients(live, u, v):
    """Inside of the border of one pixel on which central differences are not defined."""
    point = np.zeros((POINT_FIELDS, 1), np.float32)
    point[:3, 0] = (u - scenes.CAMERA.cx) / scenes.CAMERA.fx, (v - scenes.CAMERA.cy) / scenes.CAMERA.fy, 1
    expected = references.photometric_residual(point[:, 0].astype(np.float64), live[0].texture[..., 0], scenes.CAMERA,
                                               np.eye(4), np.zeros(2))
    _, (_, seen, *_) = run(point, live[0], np.eye(4), (0.0, 0.0), depth=False)
    assert seen == (1 < u < 158 and 1 < v < 118) == (expected is not None)


@pytest.mark.parametrize("depth_log_std", [0.0, 1.0])
def test_photometric_products_match_finite_differences(depth_log_std):
    """J'WJ and J'Wr of single points. The image is a ramp, so that central differences are its derivative."""
    v, u = np.mgrid[:120, :160]
    slope_u, slope_v, affine = 0.004, -0.003, np.array([-0.1, 0.03])
    level = build_pyramid((0.4 + slope_u * u + slope_v * v).astype(np.float32), NO_DEPTH, scenes.CAMERA, 1).levels[0]
    gray = level.texture[..., 0].astype(np.float64)
    T = se3.exp(MOTION)
    points = make_points(60, depth_log_std)
    points[4], points[5] = np.array([[slope_u], [slope_v]]) / np.exp(affine[0])
    rng = np.random.default_rng(0)
    weights = []
    for p in range(60):
        point = points[:, p].astype(np.float64)
        seen_from = references.photometric_residual(point, gray, scenes.CAMERA, T, affine)
        if seen_from is None:
            continue
        point[3] = points[3, p] = points[3, p] + seen_from / np.exp(affine[0]) + rng.normal(scale=0.05)

        def residual(T_, affine_, point=point):
            return references.photometric_residual(point, gray, scenes.CAMERA, T_, affine_)

        r, J = residual(T, affine), references.derivative(residual, T, affine)
        # An error of log depth moves p_key along itself, and so p_cam along R p_key = p_cam - t.
        variance = SIGMA[0] ** 2 + (J[:3] @ T[:3, 3] * depth_log_std) ** 2
        weight, cost = references.huber(r / np.sqrt(variance))
        products, counts = run(np.ascontiguousarray(points[:, p:p + 1]), level, T, affine, depth=False)
        expected = weight / variance * np.outer(np.append(J, r), np.append(J, r))
        assert counts[0] == pytest.approx(cost, rel=2e-3, abs=1e-4) and counts[1:3] == (1, weight > 0)
        assert np.allclose(products, expected, atol=3e-3 * np.abs(expected).max())
        weights.append(weight)
    assert len(weights) > 40 and min(weights) < 0.5 and max(weights) == 1


def test_geometric_products_match_finite_differences(live):
    level, T = live
    points = make_points()
    rho = level.inverse_depth.astype(np.float64)
    checked = 0
    for p in range(0, 400, 10):
        alone, _ = run(np.ascontiguousarray(points[:, p:p + 1]), level, T, (0.0, 0.0), depth=False)
        both, (*_, seen_depth, _) = run(np.ascontiguousarray(points[:, p:p + 1]), level, T, (0.0, 0.0))
        if not seen_depth:
            continue
        point = points[:, p].astype(np.float64)
        J = references.derivative(
            lambda T_, _, point=point: references.geometric_residual(point, rho, scenes.CAMERA, T_), T, np.zeros(2))
        r = references.geometric_residual(point, rho, scenes.CAMERA, T)
        weight, _ = references.huber(r / SIGMA[1])
        expected = weight / SIGMA[1] ** 2 * np.outer(J, J)
        assert np.allclose((both - alone)[:8, :8], expected, atol=0.02 * np.abs(expected).max())
        expected = weight / SIGMA[1] ** 2 * J * r
        assert np.allclose((both - alone)[:8, 8], expected, atol=0.02 * np.abs(J).max() / SIGMA[1])
        checked += 1
    assert checked > 20


def test_products_add_up_over_points(live):
    level, T = live
    points = make_points(700)
    whole, counts = run(points, level, T, (0.0, 0.0))
    parts = [run(np.ascontiguousarray(points[:, i::3]), level, T, (0.0, 0.0)) for i in range(3)]
    assert np.allclose(whole, sum(p for p, _ in parts), rtol=2e-4, atol=1e-2)
    assert counts[1:] == tuple(np.sum([c[1:] for _, c in parts], axis=0))
    assert np.array_equal(whole, whole.T)


def test_nothing_is_seen_behind_the_camera_or_outside(live):
    level, _ = live
    turned = se3.exp(np.array([0, 0, 0, 0, np.pi, 0]))
    products, (cost, seen, inliers, seen_depth, _) = run(make_points(), level, turned, (0.0, 0.0))
    assert (cost, seen, inliers, seen_depth) == (0, 0, 0, 0) and not products.any()


def test_an_outlier_has_no_say(live):
    level, T = live
    points = make_points(1)
    points[3] += 10.0
    products, (_, seen, inliers, _, _) = run(points, level, T, (0.0, 0.0), depth=False)
    assert (seen, inliers) == (1, 0) and not products.any()


def test_points_without_number_are_ignored(live):
    level, T = live
    points = make_points(300)
    expected, counts = run(points[:, 1:].copy(), level, T, (0.0, 0.0))
    points[:3, 0] = np.nan
    products, with_nan = run(points, level, T, (0.0, 0.0))
    assert counts == pytest.approx(with_nan, rel=1e-6) and np.allclose(products, expected, rtol=1e-5)
