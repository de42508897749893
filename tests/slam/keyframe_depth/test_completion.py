"""slam.keyframe_depth.completion: measured depth kept, the prior's shape in between, against a dense reference."""

import numpy as np
import pytest

from slam.keyframe_depth.completion import CompletionConfig, complete_depth

CONFIG = CompletionConfig()
SIZE = (12, 16)
FLAT = np.zeros(SIZE)
SURE, UNSURE = 0.02, 10.0


def reference(measured, log_std, shape, gray, c):
    """The same by dense linear algebra, in float64."""
    count = measured.size
    index = np.arange(count).reshape(measured.shape)
    pairs = [*zip(index[:, :-1].ravel(), index[:, 1:].ravel()), *zip(index[:-1].ravel(), index[1:].ravel())]
    laplacian, pull = np.zeros((count, count)), np.zeros(count)
    p, g = shape.ravel(), gray.ravel()
    for i, j in pairs:
        s = c.shape_weight / (1 + abs(g[i] - g[j]) / c.edge_gradient) / (1 + ((p[i] - p[j]) / c.edge_log_depth) ** 2)
        laplacian[[i, j, i, j], [i, j, j, i]] += [s, s, -s, -s]
        pull[i] += s * (p[i] - p[j])
        pull[j] -= s * (p[i] - p[j])
    trust = (c.measured_log_std / np.maximum(log_std.ravel(), c.min_log_std)) ** 2
    weight, m = trust + 1e-6, measured.ravel()
    for _ in range(c.rounds):
        x = np.linalg.solve(laplacian + np.diag(weight), pull + weight * m)
        weight = trust / (1 + ((x - m) / c.outlier_log_depth) ** 2) + 1e-6
    return x.reshape(measured.shape)


def test_as_dense_algebra_has_it():
    rng = np.random.default_rng(0)
    measured, shape, gray = rng.normal(0, 0.3, SIZE), rng.normal(0, 0.1, SIZE), rng.uniform(0, 1, SIZE)
    log_std = rng.uniform(0.01, 0.5, SIZE)
    assert complete_depth(measured, log_std, shape, gray, CONFIG) == \
        pytest.approx(reference(measured, log_std, shape, gray, CONFIG), abs=2e-3)


def test_the_shape_fills_in_between_measured_pixels_whatever_its_scale():
    slope = 0.03 * np.arange(SIZE[1]) + FLAT
    log_std = np.full(SIZE, UNSURE)
    log_std[:, [0, -1]] = SURE
    measured = np.where(log_std == SURE, slope + 0.7, 5.0)
    assert complete_depth(measured, log_std, slope - 2.0, FLAT, CONFIG) == pytest.approx(slope + 0.7, abs=0.01)


def test_depth_jumps_at_an_edge_of_the_image_rather_than_elsewhere():
    gray = np.where(np.arange(SIZE[1]) < 8, 0.0, 1.0) + FLAT
    log_std = np.full(SIZE, UNSURE)
    log_std[:, :2] = log_std[:, -2:] = SURE
    measured = np.where(np.arange(SIZE[1]) < 8, 0.0, 0.5) + FLAT
    completed = complete_depth(measured, log_std, FLAT, gray, CONFIG)
    assert np.abs(completed - measured).max() < 0.1
    assert np.abs(complete_depth(measured, log_std, FLAT, FLAT, CONFIG) - measured).max() > 0.15


def test_one_wrong_pixel_among_sure_ones_gives_way():
    measured, log_std = FLAT.copy(), np.full(SIZE, SURE)
    measured[6, 8] = 1.0
    smooth = complete_depth(measured, log_std, FLAT, FLAT, CompletionConfig(shape_weight=3.0))
    assert smooth[6, 8] < 0.1
