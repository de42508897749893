"""Similarities Sim(3) as 4x4 float64 matrices [[s R, t], [0, 1]]: rigid transforms that also change the scale.

`S_a_b` maps points of frame b into frame a, where a metre of b is s metres of a. Increments are `zeta = (v, omega,
sigma)`, seven numbers in metres, radians and log scale, applied on the left: `S <- exp(zeta) @ S`. All functions take
stacks of them. Formulas: Strasdat 2012, "Local accuracy and global consistency for efficient visual SLAM", section 2.4;
Sola, Deray, Atchuthan 2018 for what holds in any Lie group.
"""

import numpy as np
from scipy.spatial.transform import Rotation

SERIES_TERMS = 26
"""Enough for rotations by half a turn: the rest is below 1e-13."""


def similarity(T: np.ndarray, scale: float | np.ndarray) -> np.ndarray:
    """Rigid transform(s) (..., 4, 4) and scale(s) (...) -> S that scales first and moves then."""
    S = np.array(T)
    S[..., :3, :3] *= np.asarray(scale)[..., None, None]
    return S


def scaling(scale: float) -> np.ndarray:
    """-> (4, 4) that makes everything `scale` times as large."""
    return np.diag([scale, scale, scale, 1.0])


def scale_of(S: np.ndarray) -> np.ndarray:
    """(..., 4, 4) -> (...), the factor on lengths."""
    return np.cbrt(np.linalg.det(S[..., :3, :3]))


def rigid_part(S: np.ndarray) -> np.ndarray:
    """(..., 4, 4) -> the rigid transform with the same rotation and translation."""
    return similarity(S, 1 / scale_of(S))


def inverse(S: np.ndarray) -> np.ndarray:
    """(..., 4, 4) -> the inverse."""
    turned = np.swapaxes(S[..., :3, :3], -1, -2) / (scale_of(S) ** 2)[..., None, None]
    out = np.zeros_like(S)
    out[..., :3, :3] = turned
    out[..., :3, 3:] = -turned @ S[..., :3, 3:]
    out[..., 3, 3] = 1
    return out


def exp(zeta: np.ndarray) -> np.ndarray:
    """(..., 7) increment (v, omega, sigma) -> (..., 4, 4)."""
    zeta = np.asarray(zeta, np.float64)
    S = np.zeros((*zeta.shape[:-1], 4, 4))
    R = Rotation.from_rotvec(zeta[..., 3:6].reshape(-1, 3)).as_matrix().reshape(*zeta.shape[:-1], 3, 3)
    S[..., :3, :3] = np.exp(zeta[..., 6])[..., None, None] * R
    S[..., :3, 3:] = _mean_growth(zeta) @ zeta[..., :3, None]
    S[..., 3, 3] = 1
    return S


def log(S: np.ndarray) -> np.ndarray:
    """(..., 4, 4) -> (..., 7) increment with |omega| <= pi. Inverse of `exp`."""
    scale = scale_of(S)
    zeta = np.zeros((*S.shape[:-2], 7))
    R = (S[..., :3, :3] / scale[..., None, None]).reshape(-1, 3, 3)
    zeta[..., 3:6] = Rotation.from_matrix(R).as_rotvec().reshape(*S.shape[:-2], 3)
    zeta[..., 6] = np.log(scale)
    zeta[..., :3] = np.linalg.solve(_mean_growth(zeta), S[..., :3, 3:])[..., 0]
    return zeta


def adjoint(S: np.ndarray) -> np.ndarray:
    """(..., 4, 4) -> (..., 7, 7) with `exp(adjoint(S) @ zeta) == S @ exp(zeta) @ inverse(S)`."""
    R, t = S[..., :3, :3] / scale_of(S)[..., None, None], S[..., :3, 3]
    out = np.zeros((*S.shape[:-2], 7, 7))
    out[..., :3, :3], out[..., :3, 3:6], out[..., :3, 6] = S[..., :3, :3], _hat(t) @ R, -t
    out[..., 3:6, 3:6] = R
    out[..., 6, 6] = 1
    return out


def inverse_left_jacobian(zeta: np.ndarray) -> np.ndarray:
    """(..., 7) -> (..., 7, 7) J with `log(exp(delta) @ exp(zeta)) == zeta + J @ delta` for small delta.

    Series with Bernoulli's numbers, to the eighth power: for |zeta| up to 2 exact to 1e-4.
    """
    ad = np.zeros((*zeta.shape[:-1], 7, 7))
    ad[..., :3, :3] = _hat(zeta[..., 3:6]) + zeta[..., 6, None, None] * np.eye(3)
    ad[..., :3, 3:6], ad[..., :3, 6] = _hat(zeta[..., :3]), -zeta[..., :3]
    ad[..., 3:6, 3:6] = _hat(zeta[..., 3:6])
    squared = ad @ ad
    series = np.eye(7) / 12 + squared @ (-np.eye(7) / 720 + squared @ (np.eye(7) / 30240 - squared / 1209600))
    return np.eye(7) - 0.5 * ad + squared @ series


def umeyama(source: np.ndarray, target: np.ndarray, with_scale: bool) -> tuple[float, np.ndarray, np.ndarray]:
    """Points (N, 3) -> scale, R (3, 3), t (3,) of least |scale R source + t - target|; scale 1 unless with_scale

    Umeyama 1991."""
    source_mean, target_mean = source.mean(0), target.mean(0)
    s, t = source - source_mean, target - target_mean
    U, D, Vt = np.linalg.svd(t.T @ s / len(s))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(U) * np.linalg.det(Vt))])
    R = U @ np.diag(sign) @ Vt
    variance = (s**2).sum(1).mean()
    scale = float(D @ sign / variance) if with_scale and variance > 0 else 1.0
    return scale, R, target_mean - scale * R @ source_mean


def _mean_growth(zeta):
    """(..., 7) -> (..., 3, 3) W with translation = W @ v: the integral of exp(x M) over x from 0 to 1, where
    M = hat(omega) + sigma I. Its power series has no special cases near zero."""
    M = _hat(zeta[..., 3:6]) + zeta[..., 6, None, None] * np.eye(3)
    W = np.broadcast_to(np.eye(3), M.shape)
    for k in range(SERIES_TERMS, 1, -1):
        W = np.eye(3) + M @ W / k
    return W


def _hat(omega):
    """(..., 3) -> (..., 3, 3) skew-symmetric."""
    out = np.zeros((*omega.shape[:-1], 3, 3))
    x, y, z = np.moveaxis(omega, -1, 0)
    out[..., 0, 1], out[..., 0, 2], out[..., 1, 2] = -z, y, -x
    out[..., 1, 0], out[..., 2, 0], out[..., 2, 1] = z, -y, x
    return out
