"""One picture of a whole run: what was reconstructed, from two sides, with the camera's trajectory."""

import cv2
import numpy as np
import trimesh

from monofuse.results.drawing import Surface, Viewpoint, draw, mesh_surface, surfel_surface
from slam.mapping.surfels import Surfels

PANEL_SIZE = (900, 900)
BACKGROUND = np.array([52, 57, 66], np.float32)
TEXT_COLOUR = (225, 225, 225)
START_COLOUR, END_COLOUR = np.array([80, 200, 255.0]), np.array([255, 120, 60.0])
MIN_EXTENT_M = 0.5


def draw_overview(mesh: trimesh.Trimesh, T_world_cam: np.ndarray, caption: str) -> np.ndarray:
    """Mesh, camera poses (N, 4, 4) and a line of text -> (h, w, 3) uint8 RGB: from above behind, and from the top.

    Surface is drawn only from its front, so walls and ceiling between the viewer and the room vanish.
    """
    return _draw_panels(mesh_surface(mesh), T_world_cam, caption)


def draw_surfel_overview(surfels: Surfels, T_world_key: np.ndarray, T_world_cam: np.ndarray, caption: str
                         ) -> np.ndarray:
    """Overview of a run without a mesh, from its stable surfels, keyframes standing at T_world_key (K, 4, 4).

    Any number of surfels and poses will do, none included.
    """
    surface = surfel_surface(surfels, T_world_key)
    return _draw_panels(surface, T_world_cam, f"{caption}: no mesh; stable surfels: {len(surface.points) // 4}")


def _draw_panels(surface: Surface, T_world_cam: np.ndarray, caption: str) -> np.ndarray:
    panels = [_draw_panel(surface, T_world_cam, _look(surface, T_world_cam, elevation)) for elevation in (35.0, 89.0)]
    picture = np.concatenate(panels, axis=1)
    length_m = np.linalg.norm(np.diff(T_world_cam[:, :3, 3], axis=0), axis=1).sum()
    _write(picture, f"{caption}; cameras: {len(T_world_cam)}, from blue to orange; trajectory {length_m:.2f} m",
           (20, picture.shape[0] - 20))
    return picture


def _look(surface: Surface, T_world_cam: np.ndarray, elevation_deg: float) -> Viewpoint:
    """Behind and above the cameras, looking the way they mostly look; all in sight."""
    sample = slice(None, None, max(1, len(surface.points) // 20000))
    up = _upward(surface.normals[sample], T_world_cam)
    forward = _forward(up, T_world_cam)
    elevation = np.radians(elevation_deg)
    into = np.cos(elevation) * forward - np.sin(elevation) * up
    right = np.cross(forward, up)
    axes = np.stack([right, np.cross(into, right), into])
    bounds = [T_world_cam[:, :3, 3] @ axes.T]
    if len(surface.points):
        bounds.append(np.percentile(surface.points[sample] @ axes.T, [0.5, 99.5], axis=0))
    bounds = np.concatenate(bounds) if sum(map(len, bounds)) else np.zeros((1, 3))
    low, high = bounds.min(0), bounds.max(0)
    extent_m = max(float((high - low)[:2].max()), MIN_EXTENT_M)
    return Viewpoint(axes, (low + high) / 2 @ axes, 1.12 * extent_m / min(PANEL_SIZE), PANEL_SIZE)


def _upward(normals: np.ndarray, T_world_cam: np.ndarray) -> np.ndarray:
    """What the cameras mostly call up, or near that the common normal of floors and tables, where they are seen."""
    up = _unit(-T_world_cam[:, :3, 1].sum(0), (0.0, -1.0, 0.0))
    for _ in range(5):
        level = normals[normals @ up > np.cos(np.radians(30))]
        if len(level) < 0.05 * len(normals):
            break
        up = _unit(level.sum(0), up)
    return up


def _forward(up: np.ndarray, T_world_cam: np.ndarray) -> np.ndarray:
    """Where the cameras look on average, or after a full turn the first one, made level."""
    looks = T_world_cam[:, :3, 2]
    directions = (looks.mean(0) if len(looks) else np.zeros(3), *looks[:1], *np.eye(3)[::-1])
    levels = (direction - direction @ up * up for direction in directions)
    return _unit(next(level for level in levels if np.linalg.norm(level) > 0.05), up)


def _unit(vector: np.ndarray, otherwise: np.ndarray | tuple[float, float, float]) -> np.ndarray:
    length = np.linalg.norm(vector)
    return vector / length if length > 1e-6 else np.array(otherwise)


def _draw_panel(surface: Surface, T_world_cam: np.ndarray, look: Viewpoint) -> np.ndarray:
    image = np.clip(draw(surface, look, BACKGROUND), 0, 255).astype(np.uint8)
    _draw_trajectory(image, T_world_cam, look)
    _draw_scale_bar(image, look)
    return image


def _draw_trajectory(image: np.ndarray, T_world_cam: np.ndarray, look: Viewpoint) -> None:
    """The trajectory from blue (start) to orange (end), with some of the cameras as small pyramids."""
    positions = look.pixels(T_world_cam[:, :3, 3])
    for i in range(len(positions)):
        colour = START_COLOUR + (END_COLOUR - START_COLOUR) * i / max(len(positions) - 1, 1)
        if i:
            _line(image, positions[i - 1], positions[i], colour, 2)
        if i % max(1, len(positions) // 12) == 0:
            _draw_camera(image, T_world_cam[i], look, colour)


def _draw_camera(image: np.ndarray, T_world_cam: np.ndarray, look: Viewpoint, colour: np.ndarray) -> None:
    size_m = 26 * look.m_per_px
    corners = np.array([[-0.8, -0.6, 1], [0.8, -0.6, 1], [0.8, 0.6, 1], [-0.8, 0.6, 1]]) * size_m
    tips = look.pixels(corners @ T_world_cam[:3, :3].T + T_world_cam[:3, 3])
    apex = look.pixels(T_world_cam[:3, 3])
    for k in range(4):
        _line(image, apex, tips[k], colour, 1)
        _line(image, tips[k], tips[(k + 1) % 4], colour, 1)


def _draw_scale_bar(image: np.ndarray, look: Viewpoint) -> None:
    """A round number of metres, about a seventh of the width."""
    wanted_m = image.shape[1] / 7 * look.m_per_px
    power = 10.0 ** np.floor(np.log10(wanted_m))
    length_m = max(step * power for step in (1, 2, 5) if step * power <= wanted_m)
    right = image.shape[1] - 20
    left = right - length_m / look.m_per_px
    for a, b in (((left, 24), (right, 24)), ((left, 18), (left, 30)), ((right, 18), (right, 30))):
        _line(image, np.array(a), np.array(b), TEXT_COLOUR, 1)
    _write(image, f"{length_m:g} m", (int(left), 50))


def _write(image: np.ndarray, text: str, position: tuple[int, int]) -> None:
    cv2.putText(image, text, position, cv2.FONT_HERSHEY_SIMPLEX, 0.6, TEXT_COLOUR, 1, cv2.LINE_AA)


def _line(image, a, b, colour, thickness):
    shift = 4  # sixteenths of a pixel
    a, b = (tuple(round(c) for c in np.clip(p[:2], -1e4, 1e4) * 2**shift) for p in (a, b))
    cv2.line(image, a, b, tuple(float(c) for c in colour), thickness, cv2.LINE_AA, shift)
