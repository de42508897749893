"""From where the browsers look: with the camera, from above, or as their users like."""

from typing import Any

import numpy as np

MODES = ("free", "follow", "top")
BEHIND, AHEAD = np.array([0.0, -0.5, -1.2]), np.array([0.0, 0.0, 1.5])
"""The eye, and what it looks at, in the camera's axes: over its shoulder."""
ABOVE_M = 6.0


def eye_and_target(mode: str, T_world_cam: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where to look from and at, in the world, for a camera at T_world_cam (4, 4); up: (3,) unit vector."""
    R, t = T_world_cam[:3, :3], T_world_cam[:3, 3]
    if mode == "follow":
        return R @ BEHIND + t, R @ AHEAD + t
    forward = R[:, 2] - (R[:, 2] @ up) * up
    return t + ABOVE_M * up - 0.05 * forward, t + 0.01 * forward  # a little behind, so that ahead is up in the picture


def look(clients: Any, eye: np.ndarray, target: np.ndarray) -> None:
    """Move the eyes of all browsers; clients: of a ViserServer."""
    for client in clients.values():
        client.camera.position, client.camera.look_at = eye, target
