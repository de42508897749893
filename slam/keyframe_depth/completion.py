"""Depth completion: measured depth where images determine it, and the shape of a network's depth in between.

A keyframe's log depth x minimises a sum over pixels and neighbouring pixels (i, j),

    sum_i w_i (x_i - m_i)^2  +  sum_ij s_ij (x_i - x_j - (p_i - p_j))^2,

of the distance to the measured m, robust to its outliers, and of differences from the network's p. Weighted least
squares with weights of the edges as in Farbman 2008 (eq. 1 to 4), by conjugate gradients.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg


@dataclass(frozen=True)
class CompletionConfig:
    """Settings of complete_depth."""

    shape_weight: float = 0.3
    """Weight of the difference of two neighbouring pixels, against a measured pixel of measured_log_std."""
    measured_log_std: float = 0.03
    """Standard deviation of log depth at which a measured pixel has weight one."""
    min_log_std: float = 0.02
    """Lower limit of the standard deviations of measured log depth."""
    edge_gradient: float = 8 / 255
    """Difference of intensity between neighbouring pixels at which they are held together half as much."""
    edge_log_depth: float = 0.05
    """Difference of the network's log depth between neighbours at which they are held together half as much."""
    outlier_log_depth: float = 0.1
    """Difference of measured log depth from the result at which it counts half."""
    rounds: int = 3
    """Solutions, each with the outliers of the one before."""


class Edges(NamedTuple):
    """Pairs of neighbouring pixels of an image, by their indices in row-major order."""

    first: np.ndarray
    """(E,) int64"""
    second: np.ndarray
    """(E,) int64"""


RELATIVE_ACCURACY, MAX_ITERATIONS = 1e-4, 300
"""Where conjugate gradients end."""
TIE = 1e-6
"""Weight that every pixel has, so that the solution is unique where nothing is measured."""


def complete_depth(log_depth: np.ndarray, log_std: np.ndarray, shape: np.ndarray, gray: np.ndarray,
                   config: CompletionConfig) -> np.ndarray:
    """Measured (h, w) log depth with its standard deviation, and a network's log depth -> (h, w) float64 log depth

    `shape` counts by its differences only. gray (h, w) in [0, 1]: the image, across whose edges depth may jump."""
    edges = _edges(log_depth.shape)
    difference = _difference(shape, edges)
    stiffness = config.shape_weight / ((1 + np.abs(_difference(gray, edges)) / config.edge_gradient)
                                       * (1 + (difference / config.edge_log_depth) ** 2))
    laplacian = _laplacian(edges, stiffness, log_depth.size)
    pull = np.bincount(edges.first, stiffness * difference, log_depth.size) \
        - np.bincount(edges.second, stiffness * difference, log_depth.size)
    measured = log_depth.astype(np.float64).ravel()
    trust = (config.measured_log_std / np.maximum(log_std.ravel(), config.min_log_std)) ** 2
    solution, weight = measured, trust + TIE
    for _ in range(config.rounds):
        matrix = (laplacian + sparse.diags(weight)).tocsr()
        solution, _ = cg(matrix, pull + weight * measured, x0=solution, rtol=RELATIVE_ACCURACY,
                         maxiter=MAX_ITERATIONS, M=sparse.diags(1 / matrix.diagonal()))
        weight = trust / (1 + ((solution - measured) / config.outlier_log_depth) ** 2) + TIE
    return solution.reshape(log_depth.shape)


@lru_cache(maxsize=4)
def _edges(size: tuple[int, int]) -> Edges:
    index = np.arange(size[0] * size[1]).reshape(size)
    return Edges(np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()]),
                 np.concatenate([index[:, 1:].ravel(), index[1:].ravel()]))


def _difference(image, edges):
    values = image.astype(np.float64).ravel()
    return values[edges.first] - values[edges.second]


def _laplacian(edges, weight, count):
    rows = np.concatenate([edges.first, edges.second, edges.first, edges.second])
    columns = np.concatenate([edges.first, edges.second, edges.second, edges.first])
    return sparse.coo_matrix((np.concatenate([weight, weight, -weight, -weight]), (rows, columns)),
                             shape=(count, count)).tocsr()
