"""slam.kernels.photometric_bundle and slam.keyframe_depth.photometric_bundle: slow references, known answers."""

import numpy as np
import pytest

from calib.geometry import se3
from slam.kernels.photometric_bundle import (
    FRAME_UNKNOWNS,
    HUBER,
    PATTERN,
    UNSEEN,
    WindowEquations,
    WindowImages,
    eliminate,
    linearise,
    search,
)
from slam.keyframe_depth.photometric_bundle import BundleConfig, BundleState, PhotometricBundle, Prior, patches_of
from slam.tracking.pyramid import NO_DEPTH, build_pyramid
from tests.helpers import references, scenes

SIGMA, NO_CUT = 0.02, 1e9
T_WORLD_CAM = np.array([se3.exp(np.array(xi)) for xi in (
    [0, 0, 0, 0, 0, 0], [0.06, 0.01, -0.02, 0.01, -0.01, 0.02], [0.13, -0.02, 0.02, -0.01, 0.02, -0.01])])
AFFINE = np.array([[0, 0], [0.1, -0.02], [-0.05, 0.03]])
PINHOLE = np.array(scenes.CAMERA.pinhole, np.float64)


class Views:
    """Three pictures of the box, and points of all of them with their true inverse depth."""

    def __init__(self, per_view=40):
        rng = np.random.default_rng(3)
        textures, pixels, rho = [], [], []
        for T, (log_gain, bias) in zip(T_WORLD_CAM, AFFINE):
            depth_m, points = scenes.cast(T)
            gray = (np.exp(log_gain) * scenes.texture(points).mean(-1) + bias).astype(np.float32)
            textures.append(build_pyramid(gray, NO_DEPTH, scenes.CAMERA, 1).levels[0].texture)
            u, v = rng.integers(8, 152, per_view), rng.integers(8, 112, per_view)
            pixels.append(np.column_stack([u, v]))
            rho.append(1 / depth_m[v, u])
        self.textures = np.stack(textures)
        self.host = np.repeat(np.arange(len(T_WORLD_CAM)), per_view)
        self.rho = np.concatenate(rho)
        self.patches = patches_of(np.concatenate(pixels).astype(float), self.host, self.textures, 0, 10 / 255)
        self.ground_truth = BundleState(se3.inverse(T_WORLD_CAM), AFFINE.copy(), self.rho.copy())

    def linearised(self, state):
        K, N = len(self.textures), len(self.rho)
        equations, costs = WindowEquations.empty(K, N), np.empty((N, K), np.float32)
        linearise(self.patches, state.rho, WindowImages(self.textures, PINHOLE, SIGMA), state.pairs(), NO_CUT,
                  equations, costs)
        return *equations, costs


@pytest.fixture(scope="module")
def views():
    return Views()


def off_by(state, seed, size):
    """A state near another."""
    rng = np.random.default_rng(seed)
    T = np.array([se3.exp(rng.normal(0, size, 6)) @ T for T in state.T_cam_world])
    return BundleState(T, state.affine + rng.normal(0, size, state.affine.shape),
                       state.rho * np.exp(rng.normal(0, size, len(state.rho))))


def stepped(state, dx, drho):
    steps = dx.reshape(-1, FRAME_UNKNOWNS)
    T = np.array([se3.exp(xi) @ T for xi, T in zip(steps[:, :6], state.T_cam_world)])
    return BundleState(T, state.affine + steps[:, 6:], state.rho + drho)


def test_costs_match_the_reference(views):
    state = off_by(views.ground_truth, 0, 0.003)
    costs = views.linearised(state)[-1]
    pairs = state.pairs()
    images, p = views.textures[..., 0].astype(np.float64), views.patches
    for n in range(0, len(state.rho), 7):
        for j in range(3):
            if j == p.host[n]:
                assert costs[n, j] == UNSEEN
                continue
            i = p.host[n]
            r = references.pattern_residuals(p.pixels[n], state.rho[n], p.values[n], PATTERN, images[j], scenes.CAMERA,
                                             pairs.T_j_i[i, j], pairs.gains[i, j], pairs.biases[i], pairs.biases[j])
            expected = UNSEEN if r is None else np.mean(
                [w * references.huber(x / SIGMA, HUBER, np.inf)[1] for w, x in zip(p.weights[n], r)])
            assert costs[n, j] == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_gradients_are_those_of_the_cost(views):
    """Near the truth, where intensities are smooth, along many random directions of all unknowns at once."""
    state = off_by(views.ground_truth, 1, 0.002)
    _, g, _, b, _, costs = views.linearised(state)
    predicted, measured = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        dx, drho = rng.normal(0, 1, len(g)), rng.normal(0, 1, len(b))
        ahead, behind = (views.linearised(stepped(state, s * dx, s * drho))[-1] for s in (1e-4, -1e-4))
        seen = (costs != UNSEEN) & (ahead != UNSEEN) & (behind != UNSEEN)
        assert seen.sum() == (costs != UNSEEN).sum()
        measured.append((ahead[seen].sum(dtype=float) - behind[seen].sum(dtype=float)) / 2e-4 * len(PATTERN))
        predicted.append(g @ dx + b @ drho)
    assert np.corrcoef(predicted, measured)[0, 1] > 0.995
    assert np.linalg.norm(np.subtract(predicted, measured)) < 0.1 * np.linalg.norm(measured)


def test_the_information_is_that_of_a_quadratic_near_the_ground_truth(views):
    """At the truth residuals vanish nearly, so the change of gradient along a step is information times step, but for
    what central differences of intensity are off from its interpolant."""
    H, g, h, b, cross, _ = views.linearised(views.ground_truth)
    assert np.allclose(H, H.T)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        dx, drho = 1e-4 * rng.normal(0, 1, len(g)), 1e-4 * rng.normal(0, 1, len(b))
        _, g_ahead, _, b_ahead, _, _ = views.linearised(stepped(views.ground_truth, dx, drho))
        _, g_behind, _, b_behind, _, _ = views.linearised(stepped(views.ground_truth, -dx, -drho))
        assert np.linalg.norm((g_ahead - g_behind) / 2 - H @ dx - cross.T @ drho) < 0.1 * np.linalg.norm(g_ahead - g)
        assert np.linalg.norm((b_ahead - b_behind) / 2 - cross @ dx - h * drho) < 0.2 * np.linalg.norm(b_ahead - b)


def test_elimination_solves_the_whole_system(views):
    H, g, h, b, cross, _ = views.linearised(off_by(views.ground_truth, 2, 0.002))
    first, D = FRAME_UNKNOWNS, len(g)
    H[np.diag_indices(D)] += 1e-3 * H.diagonal()
    h += 1e-3 * h.max()
    reduced, gradient = np.empty((D - first, D - first)), np.empty(D - first)
    eliminate(WindowEquations(H, g, h, b, cross), first, reduced, gradient)
    whole = np.block([[H, cross.T], [cross, np.diag(h)]])[first:, first:]
    step = np.linalg.solve(whole, -np.concatenate([g, b])[first:])
    assert np.allclose(np.linalg.solve(reduced, -gradient), step[: D - first], rtol=1e-6)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_patches_of_a_ramp_are_the_same_at_every_level(level):
    """Halving a ramp keeps its value at every place, so a pixel half off would show."""
    v, u = np.mgrid[:120, :160]
    gray = (0.1 + 0.003 * u + 0.002 * v).astype(np.float32)
    texture = build_pyramid(gray, NO_DEPTH, scenes.CAMERA, 3).levels[level].texture
    pixels = np.array([[40.0, 60.0], [81.0, 33.0]])
    patches = patches_of(pixels, np.zeros(2, np.int64), texture[None], level, 10 / 255)
    np.testing.assert_allclose(patches.values, 0.1 + (pixels[:, None] + 2**level * PATTERN) @ (0.003, 0.002), atol=1e-4)


def test_the_brightness_prior_is_that_of_its_standard_deviations(views):
    """What it adds to the equations: information 1 / std^2, gradient r / std^2 and cost r^2 / (2 std^2), for each
    keyframe's log gain and bias."""
    state, prior = off_by(views.ground_truth, 6, 0.003), Prior(views.rho, np.full(len(views.rho), 0.3))
    std = np.tile([0.06, 0.03], (len(AFFINE), 1))
    loose, tight = (PhotometricBundle(views.textures, PINHOLE, views.patches, prior, 1,
                                      BundleConfig(affine_std=affine_std))
                    .equations(state) for affine_std in ((1e9, 1e9), (0.06, 0.03)))
    information, gradient = np.zeros((len(AFFINE), FRAME_UNKNOWNS)), np.zeros((len(AFFINE), FRAME_UNKNOWNS))
    information[:, 6:], gradient[:, 6:] = 1 / std**2, state.affine / std**2
    np.testing.assert_allclose(tight.information - loose.information, np.diag(information[1:].ravel()), atol=1e-6)
    np.testing.assert_allclose(tight.gradient - loose.gradient, gradient[1:].ravel(), atol=1e-6)
    assert (tight.cost - loose.cost) * tight.count == pytest.approx(0.5 * ((state.affine / std)**2).sum())


def test_search_is_least_at_the_true_depth(views):
    state = views.ground_truth
    factors = np.exp(np.linspace(-0.3, 0.3, 31))
    candidates = state.rho[:, None] * factors
    costs = np.empty(candidates.shape, np.float32)
    search(views.patches, WindowImages(views.textures, PINHOLE, SIGMA), state.pairs(), candidates, costs)
    seen = costs[:, 15] != UNSEEN
    best = np.where(costs == UNSEEN, np.inf, costs)[seen].argmin(1)
    assert np.median(np.abs(best - 15)) <= 1
    assert (costs[seen, 15] < 0.05).mean() > 0.95


def test_poses_and_depths_come_back_from_a_wrong_start(views):
    """The first keyframe holds the frame, depth priors the scale."""
    start = off_by(views.ground_truth, 4, 0.008)
    start.T_cam_world[0], start.affine[0] = views.ground_truth.T_cam_world[0], views.ground_truth.affine[0]
    prior = Prior(views.rho, np.full(len(views.rho), 0.3))
    config = BundleConfig(affine_std=(1.0, 1.0))
    solution = PhotometricBundle(views.textures, PINHOLE, views.patches, prior, 1, config).minimise(start)
    before, after = (np.linalg.norm([se3.log(T) for T in state.T_cam_world @ T_WORLD_CAM], axis=1)
                     for state in (start, solution.state))
    assert after[1:].max() < 0.2 * before[1:].max()
    assert np.median(np.abs(np.log(solution.state.rho / views.rho))) < 0.01
    assert np.allclose(solution.state.affine, AFFINE, atol=0.01)


def test_the_same_start_gives_the_same_end(views):
    prior = Prior(views.rho, np.full(len(views.rho), 0.3))
    ends = [PhotometricBundle(views.textures, PINHOLE, views.patches, prior, 1, BundleConfig()).minimise(
        off_by(views.ground_truth, 5, 0.005)).state for _ in range(2)]
    assert all(np.array_equal(a, b) for a, b in zip(*((s.T_cam_world, s.affine, s.rho) for s in ends)))
