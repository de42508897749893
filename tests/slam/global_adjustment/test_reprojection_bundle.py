"""slam.global_adjustment.reprojection_bundle and its kernels: a slow reference, and points whose places are known."""

import numpy as np
import pytest
from scipy.sparse import csc_array
from scipy.sparse.linalg import SuperLU

from calib.geometry import se3
from slam.global_adjustment import reprojection_bundle
from slam.global_adjustment.feature_tracks import PointTracks
from slam.global_adjustment.odometry_prior import OdometryPrior
from slam.global_adjustment.reprojection_bundle import (
    DenseFactors,
    ReprojectionBundle,
    ReprojectionBundleConfig,
    ReprojectionState,
    factorised,
)
from slam.kernels.reprojection_bundle import (
    DEPTH_SOFTNESS,
    ErrorModel,
    ImageEquations,
    PointEquations,
    linearise,
    moved_points,
)
from slam.kernels.settled_points import settle_points
from tests.helpers import scenes

CONFIG = ReprojectionBundleConfig()
SIGMAS, SOFTNESS, DAMPING = np.array([CONFIG.sigma_px, CONFIG.depth_log_std]), 2.0, 0.01
PINHOLE = np.array(scenes.CAMERA.pinhole, np.float64)


def walk(count):
    """T_cam_world (K, 4, 4) of a camera that moves sideways and turns a little."""
    return np.array([se3.exp(np.array([-0.1 * k, 0.02 * k, 0.01 * k, 0.002 * k, 0.02 * k, -0.01 * k]))
                     for k in range(count)])


class Seen:
    """Points in front of a few cameras, and where each camera that shows them does."""

    def __init__(self, images=5, points=80, noise_px=0.0):
        rng = np.random.default_rng(0)
        self.T_cam_world = walk(images)
        self.X = rng.uniform([-1.5, -1.0, 1.5], [1.5, 1.0, 4.0], (points, 3))
        p_cam = np.einsum("kij,pj->pki", self.T_cam_world[:, :3, :3], self.X) + self.T_cam_world[:, :3, 3]
        uv = scenes.CAMERA.project(p_cam)
        inside = (uv > 0).all(-1) & (uv < (scenes.CAMERA.width, scenes.CAMERA.height)).all(-1)
        inside &= inside.sum(1, keepdims=True) >= 2
        self.X = self.X[inside.any(1)]
        point, image = np.nonzero(inside[inside.any(1)])
        self.z = p_cam[inside][:, 2]
        self.tracks = PointTracks(image, point, uv[inside] + noise_px * rng.normal(size=(len(image), 2)))

    def bundle(self, expected_depth_m=None, tracks=None, odometry=None):
        is_held = np.arange(len(self.T_cam_world)) == 0
        expected_depth_m = self.z if expected_depth_m is None else expected_depth_m
        return ReprojectionBundle(scenes.CAMERA, tracks or self.tracks, expected_depth_m, is_held, CONFIG,
                                  odometry)

    def disturbed(self, motion=0.03, depth=1.2):
        rng = np.random.default_rng(1)
        T = np.array([se3.exp(motion * rng.normal(size=6) * (k > 0)) @ T for k, T in enumerate(self.T_cam_world)])
        return ReprojectionState(T, self.X * depth)


def arguments(bundle, state):
    return (bundle.observations, state.T_cam_world[:, :3].copy(), state.points,
            ErrorModel(PINHOLE, SIGMAS, SOFTNESS))


def reference(seen, bundle, state):
    """J (3 M, 6 K + 3 P) by central differences, residuals (3 M,), their weights, and the cost, straight from the
    formulas."""
    K, P, t = len(state.T_cam_world), len(state.points), seen.tracks

    def residuals(dx):
        xi, moved = dx[:6 * K].reshape(K, 6), state.points + dx[6 * K:].reshape(P, 3)
        out = []
        for k, p, pixel, log_depth in zip(t.image, t.point, t.pixel, bundle.observations.log_depth):
            p_cam = (se3.exp(xi[k]) @ state.T_cam_world[k] @ [*moved[p], 1])[:3]
            out += [*(scenes.CAMERA.project(p_cam) - pixel), np.log(p_cam[2]) - log_depth]
        return np.array(out)

    n = 6 * K + 3 * P
    J = np.stack([(residuals(1e-6 * e) - residuals(-1e-6 * e)) / 2e-6 for e in np.eye(n)], 1)
    r = residuals(np.zeros(n)).reshape(-1, 3)
    far = (r[:, :2] ** 2).sum(1) / (SIGMAS[0] * SOFTNESS) ** 2
    deep = (r[:, 2] / (SIGMAS[1] * DEPTH_SOFTNESS)) ** 2
    w = 1 / (1 + far) / SIGMAS[0] ** 2
    share = bundle.observations.share
    weights = np.stack([w, w, share / (1 + deep) / SIGMAS[1] ** 2], 1).ravel()
    cost = 0.5 * (SOFTNESS**2 * np.log1p(far) + share * DEPTH_SOFTNESS**2 * np.log1p(deep)).sum()
    return J, r.ravel(), weights, cost


def test_the_equations_are_those_of_the_formulas():
    seen = Seen(images=3, points=12, noise_px=1.0)
    bundle, state = seen.bundle(1.1 * seen.z), seen.disturbed(0.01, 1.02)
    K, P, M = 3, len(state.points), len(seen.tracks.image)
    images = ImageEquations(bundle.block_of, np.empty((len(bundle.block_row), 6, 6)), np.empty((K, 6)),
                            np.empty((K, 6)))
    equations = PointEquations(np.empty((M, 6, 3)), np.empty((P, 3, 3)), np.empty((P, 3)))
    cost = linearise(*arguments(bundle, state), DAMPING, images, equations)
    J, r, w, expected_cost = reference(seen, bundle, state)
    H, g = J.T * w @ J, J.T * w @ r
    n = 6 * K
    points = H[n:, n:] + DAMPING * np.diag(np.diag(H)[n:])
    reduced = H[:n, :n] - H[:n, n:] @ np.linalg.solve(points, H[n:, :n])
    found = np.zeros((n, n))
    for k, j, block in zip(bundle.block_row, bundle.block_column, images.blocks):
        found[6 * k:6 * k + 6, 6 * j:6 * j + 6] = block
    assert cost == pytest.approx(expected_cost)
    np.testing.assert_allclose(found, reduced, atol=1e-5 * np.abs(reduced).max())
    np.testing.assert_allclose(images.gradient.ravel(), g[:n] - H[:n, n:] @ np.linalg.solve(points, g[n:]),
                               atol=1e-5 * np.abs(g).max())
    np.testing.assert_allclose(images.diagonal.ravel(), np.diag(H)[:n], rtol=1e-5)
    step, moved = np.random.default_rng(2).normal(size=(K, 6)), np.empty((P, 3))
    moved_points(bundle.observations, equations, step, state.points, moved)
    expected = state.points.ravel() - np.linalg.solve(points, g[n:] + H[n:, :n] @ step.ravel())
    np.testing.assert_allclose(moved.ravel(), expected, rtol=1e-5)


def test_points_settle_where_their_own_cost_is_least():
    """The derivatives there are none, and guesses that cost more than where a point was do not count."""
    seen = Seen(images=4, points=12, noise_px=0.5)
    bundle, state = seen.bundle(1.1 * seen.z), ReprojectionState(seen.T_cam_world, 1.05 * seen.X)
    points = state.points.copy()
    points[::2] = -5.0  # guessed behind the cameras
    observations, T_cam_world, _, model = arguments(bundle, state)
    costs = [settle_points(observations, T_cam_world, state.points, model, points)]
    costs += [settle_points(observations, T_cam_world, points.copy(), model, points) for _ in range(20)]
    J, r, w, cost = reference(seen, bundle, state._replace(points=points))
    assert sorted(costs, reverse=True) == costs and costs[-1] == pytest.approx(cost)
    assert np.abs((J.T * w @ r)[24:]).max() < 1e-4 * np.abs(J.T * w).dot(np.abs(r)).max()


def camera_error(state, seen):
    """Largest distance of a camera from where it truly is, metres."""
    return np.abs(se3.inverse(state.T_cam_world)[:, :3, 3] - se3.inverse(seen.T_cam_world)[:, :3, 3]).max()


def test_exact_points_bring_everything_to_the_ground_truth():
    seen = Seen()
    state, errors_px = seen.bundle().minimise(seen.disturbed())
    assert camera_error(state, seen) < 1e-3 and np.abs(state.points - seen.X).max() < 1e-2 and errors_px.max() < 0.01


def test_wrong_matches_and_a_keyframe_that_the_network_misjudges_are_outvoted():
    seen = Seen(images=6, points=200, noise_px=0.2)
    pixel = seen.tracks.pixel.copy()
    wrong = np.arange(len(pixel)) % 10 == 3
    pixel[wrong] += 25
    depth = np.where(seen.tracks.image == 4, 2.0, 1.0) * seen.z
    state, errors_px = seen.bundle(depth, seen.tracks._replace(pixel=pixel)).minimise(seen.disturbed())
    assert camera_error(state, seen) < 0.04
    assert np.median(errors_px[~wrong]) < 0.4 and np.median(errors_px[wrong]) > 10


def test_expected_depth_decides_how_large_everything_is():
    seen = Seen(noise_px=0.1)
    state, _ = seen.bundle(1.5 * seen.z).minimise(ReprojectionState(seen.T_cam_world, seen.X))
    assert np.median(state.points[:, 2] / seen.X[:, 2]) == pytest.approx(1.5, abs=0.05)


def test_fixed_cameras_stay_and_points_behind_them_do_no_harm():
    seen = Seen()
    state = seen.disturbed()
    state.points[:3, 2] *= -1
    state, _ = seen.bundle().minimise(state)
    np.testing.assert_array_equal(state.T_cam_world[0], seen.T_cam_world[0])
    assert np.isfinite(state.points).all() and camera_error(state, seen) < 0.01


def test_a_camera_that_one_point_alone_holds_does_not_fail():
    seen = Seen(images=2, points=60)
    one = PointTracks(np.array([0, 1]), np.array([0, 0]), np.array([[60.0, 40.0], [58.0, 40.0]]))
    bundle = ReprojectionBundle(scenes.CAMERA, one, np.full(2, 2.0), np.array([True, False]), CONFIG)
    state, errors_px = bundle.minimise(ReprojectionState(seen.T_cam_world, np.array([[0.0, 0.0, 2.0]])))
    assert np.isfinite(state.T_cam_world).all() and errors_px.max() < 0.1


def test_a_camera_that_wrong_points_would_turn_stays_where_odometry_has_it():
    seen, first = Seen(), np.arange(4)
    rows = np.flatnonzero(seen.tracks.image == 2)
    kept = np.delete(np.arange(len(seen.tracks.image)), rows[2:])
    image, point, pixel = (values[kept] for values in seen.tracks)
    pixel = pixel + np.where(image == 2, 25, 0)[:, None]  # the two that it still shows are wrong
    tracks, z = PointTracks(image, np.unique(point, return_inverse=True)[1], pixel), seen.z[kept]
    T = seen.T_cam_world
    odometry = OdometryPrior(first, first + 1, T[1:] @ se3.inverse(T[:-1]), np.tile(np.repeat([0.06, 0.02], 3), (4, 1)))
    X = seen.X[np.unique(point)]

    def turned_rad(odometry):
        state, _ = seen.bundle(z, tracks, odometry).minimise(ReprojectionState(T, X))
        return se3.rotation_angle_rad(state.T_cam_world[2] @ se3.inverse(T[2]))

    assert turned_rad(odometry) < 0.06 < 0.15 < turned_rad(None)


def test_factors_of_an_earlier_step_lead_to_the_same_place(monkeypatch):
    """As where each step has factors of its own, since iterations never suffice."""
    seen, factorisations = Seen(images=12, points=300, noise_px=0.5), []
    monkeypatch.setattr(reprojection_bundle, "factorised", lambda S: factorisations.append(0) or factorised(S))
    *_, (_, iterated) = steps = list(seen.bundle().steps(seen.disturbed()))
    assert len(factorisations) < 0.7 * len(steps)
    monkeypatch.setattr(reprojection_bundle, "MAX_RESIDUAL", 0.0)
    *_, (_, exact) = seen.bundle().steps(seen.disturbed())
    assert np.allclose(iterated.T_cam_world, exact.T_cam_world, atol=1e-5)


@pytest.mark.parametrize("reach, kind", [(1, SuperLU), (30, DenseFactors)])
def test_factors_are_dense_where_most_keyframes_share_points(reach, kind):
    row, column = np.indices((40, 40))
    S = np.where(np.abs(row - column) <= reach, 1.0, 0.0) + 50 * np.eye(40)
    factors, right = factorised(csc_array(S)), np.arange(40.0)
    assert isinstance(factors, kind)
    np.testing.assert_allclose(S @ factors.solve(right), right, atol=1e-9)
