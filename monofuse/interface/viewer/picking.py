"""What a click hits."""

import numpy as np

MAX_ANGLE_RAD = 0.01
"""Between the ray of a click and a point, for a point to be meant."""


def hit_surface(origin: np.ndarray, direction: np.ndarray, vertices: np.ndarray, triangles: np.ndarray
                ) -> np.ndarray | None:
    """Ray from `origin` (3,) along `direction` (3,), mesh (V, 3) and (T, 3) -> the first point (3,) that it meets,
    None for none (Moeller and Trumbore 1997)"""
    corner = vertices[triangles[:, 0]]
    edge_a, edge_b = vertices[triangles[:, 1]] - corner, vertices[triangles[:, 2]] - corner
    p = np.cross(direction.astype(np.float32), edge_b)
    determinant = np.einsum("ij,ij->i", edge_a, p)
    inverse = 1 / np.where(np.abs(determinant) < 1e-12, np.inf, determinant)
    to_origin = origin.astype(np.float32) - corner
    u = np.einsum("ij,ij->i", to_origin, p) * inverse
    q = np.cross(to_origin, edge_a)
    v = q @ direction.astype(np.float32) * inverse
    distance = np.einsum("ij,ij->i", edge_b, q) * inverse
    is_hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (distance > 1e-6) & (np.abs(determinant) >= 1e-12)
    return origin + direction * float(distance[is_hit].min()) if is_hit.any() else None


def hit_points(origin: np.ndarray, direction: np.ndarray, points: np.ndarray) -> np.ndarray | None:
    """Ray and cloud (N, 3) -> the nearest point (3,) within MAX_ANGLE_RAD of it, None for none"""
    away = points - origin
    along = away @ (direction / np.linalg.norm(direction))
    across = np.sqrt(np.maximum(np.einsum("ij,ij->i", away, away) - along**2, 0))
    meant = np.flatnonzero((along > 0) & (across < MAX_ANGLE_RAD * along))
    return points[meant[along[meant].argmin()]].astype(float) if len(meant) else None
