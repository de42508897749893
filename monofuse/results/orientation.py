"""Which way is up in a map, and which way the cameras mostly look."""

import numpy as np


def upward(normals: np.ndarray, T_world_cam: np.ndarray) -> np.ndarray:
    """What the cameras (N, 4, 4) mostly call up, or near that the common normal of floors and tables, where `normals`
    (V, 3) of surfaces show them -> (3,) unit vector in the world"""
    up = _unit(-T_world_cam[:, :3, 1].sum(0), (0.0, -1.0, 0.0))
    for _ in range(5):
        level = normals[normals @ up > np.cos(np.radians(30))]
        if len(level) < 0.05 * len(normals):
            break
        up = _unit(level.sum(0), up)
    return up


def forward(up: np.ndarray, T_world_cam: np.ndarray) -> np.ndarray:
    """Where the cameras look on average, or after a full turn the first one, made level -> (3,) unit vector"""
    looks = T_world_cam[:, :3, 2]
    directions = (looks.mean(0) if len(looks) else np.zeros(3), *looks[:1], *np.eye(3)[::-1])
    levels = (direction - direction @ up * up for direction in directions)
    return _unit(next(level for level in levels if np.linalg.norm(level) > 0.05), up)


def upright(normals: np.ndarray, T_world_cam: np.ndarray) -> np.ndarray:
    """-> (3, 3) rotation from the world into axes with y up, in which the cameras mostly look along -z, as in glTF"""
    up = upward(normals, T_world_cam)
    back = -forward(up, T_world_cam)
    return np.stack([np.cross(up, back), up, back])


def _unit(vector: np.ndarray, otherwise: np.ndarray | tuple[float, float, float]) -> np.ndarray:
    length = np.linalg.norm(vector)
    return vector / length if length > 1e-6 else np.array(otherwise)
