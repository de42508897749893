"""One picture of a whole run: what was reconstructed, from two sides, with the camera's trajectory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from monofuse.results.drawing import (
    Surface,
    Viewpoint,
    draw,
    draw_textured,
    mesh_surface,
    seen_area_m2,
    surfel_surface,
)
from monofuse.results.orientation import forward, upward
from slam.mapping.surfels import Surfels
from slam.texturing.texture import TexturedMesh

if TYPE_CHECKING:
    import trimesh

PANEL_SIZE = (900, 900)
BACKGROUND = np.array([52, 57, 66], np.float32)
TEXT_COLOUR = (225, 225, 225)
START_COLOUR, END_COLOUR = np.array([80, 200, 255.0]), np.array([255, 120, 60.0])
FONT_SCALE = 0.6
MIN_EXTENT_M = 0.5
ELEVATION_DEG = 35.0
TURNS_DEG = (0.0, 30.0, -30.0, 60.0, -60.0, 90.0, -90.0, 120.0, -120.0, 150.0, -150.0, 180.0)
"""About the vertical, from the way that the cameras mostly look."""
PREFERENCE = 1.1
"""How much more surface than the cameras' own another side must show."""
PREVIEW_SIZE = (180, 180)
MIN_PERCENT = 0.1
"""Uncertainty of a length that is worth telling."""


def draw_overview(mesh: trimesh.Trimesh, texture: TexturedMesh | None, T_world_cam: np.ndarray, caption: str,
                  scale_log_std: float | None = 0.0) -> np.ndarray:
    """Mesh, its texture if it has one, camera poses (N, 4, 4) and a line of text -> (h, w, 3) uint8 RGB: from above,
    from where most of the room is seen, and from the top.

    Surface is drawn only from its front, so walls and ceiling between the viewer and the room vanish. scale_log_std:
    standard deviation of the log of the scale, None where nobody knows it.
    """
    return _draw_panels(mesh_surface(mesh), texture, T_world_cam, caption, scale_log_std)


def draw_surfel_overview(surfels: Surfels, T_world_key: np.ndarray, T_world_cam: np.ndarray, caption: str,
                         scale_log_std: float | None = 0.0) -> np.ndarray:
    """Overview of a run without a mesh, from its stable surfels, keyframes standing at T_world_key (K, 4, 4).

    Any number of surfels and poses will do, none included.
    """
    surface = surfel_surface(surfels, T_world_key)
    return _draw_panels(surface, None, T_world_cam, f"{caption}: no mesh; stable surfels: {len(surface.points) // 4}",
                        scale_log_std)


def _draw_panels(surface: Surface, texture: TexturedMesh | None, T_world_cam: np.ndarray, caption: str,
                 scale_log_std: float | None) -> np.ndarray:
    looks = _best_look(surface, T_world_cam), _look(surface, T_world_cam, 89.0)
    panels = [_draw_panel(surface, texture, T_world_cam, look, scale_log_std) for look in looks]
    picture = np.concatenate(panels, axis=1)
    length_m = np.linalg.norm(np.diff(T_world_cam[:, :3, 3], axis=0), axis=1).sum()
    _write(picture, f"{caption}; cameras: {len(T_world_cam)}, from blue to orange; trajectory {length_m:.2f} m",
           (20, picture.shape[0] - 20))
    return picture


def _best_look(surface: Surface, T_world_cam: np.ndarray) -> Viewpoint:
    """From above, from the side that shows most of the surface's front; by default the way the cameras look."""
    looks = [_look(surface, T_world_cam, ELEVATION_DEG, turn_deg) for turn_deg in TURNS_DEG]
    areas_m2 = np.array([seen_area_m2(surface, look.resized(PREVIEW_SIZE)) for look in looks])
    areas_m2[0] *= PREFERENCE
    return looks[int(areas_m2.argmax())]


def _look(surface: Surface, T_world_cam: np.ndarray, elevation_deg: float, turn_deg: float = 0.0) -> Viewpoint:
    """Above the cameras, looking the way they mostly look, or turned from there about the vertical; all in sight."""
    sample = slice(None, None, max(1, len(surface.points) // 20000))
    up = upward(surface.normals[sample], T_world_cam)
    ahead = forward(up, T_world_cam)
    ahead = np.cos(np.radians(turn_deg)) * ahead + np.sin(np.radians(turn_deg)) * np.cross(ahead, up)
    elevation = np.radians(elevation_deg)
    into = np.cos(elevation) * ahead - np.sin(elevation) * up
    right = np.cross(ahead, up)
    axes = np.stack([right, np.cross(into, right), into])
    bounds = [T_world_cam[:, :3, 3] @ axes.T]
    if len(surface.points):
        bounds.append(np.percentile(surface.points[sample] @ axes.T, [0.5, 99.5], axis=0))
    bounds = np.concatenate(bounds) if sum(map(len, bounds)) else np.zeros((1, 3))
    low, high = bounds.min(0), bounds.max(0)
    extent_m = max(float((high - low)[:2].max()), MIN_EXTENT_M)
    return Viewpoint(axes, (low + high) / 2 @ axes, 1.12 * extent_m / min(PANEL_SIZE), PANEL_SIZE)


def _draw_panel(surface: Surface, texture: TexturedMesh | None, T_world_cam: np.ndarray, look: Viewpoint,
                scale_log_std: float | None) -> np.ndarray:
    image = draw(surface, look, BACKGROUND) if texture is None else draw_textured(texture, look, BACKGROUND)
    image = np.clip(image, 0, 255).astype(np.uint8)
    _draw_trajectory(image, T_world_cam, look)
    _draw_scale_bar(image, look, scale_log_std)
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


def _draw_scale_bar(image: np.ndarray, look: Viewpoint, scale_log_std: float | None) -> None:
    """A round number of metres, about a seventh of the width, and how sure they are."""
    wanted_m = image.shape[1] / 7 * look.m_per_px
    power = 10.0 ** np.floor(np.log10(wanted_m))
    length_m = max(step * power for step in (1, 2, 5) if step * power <= wanted_m)
    right = image.shape[1] - 20
    left = right - length_m / look.m_per_px
    for a, b in (((left, 24), (right, 24)), ((left, 18), (left, 30)), ((right, 18), (right, 30))):
        _line(image, np.array(a), np.array(b), TEXT_COLOUR, 1)
    text = f"{length_m:g} m{certainty(scale_log_std)}"
    width = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, FONT_SCALE, 1)[0][0]
    _write(image, text, (int(min(left, image.shape[1] - 20 - width)), 50))


def certainty(scale_log_std: float | None) -> str:
    """How sure metres are, to be written behind them: nothing where they were measured."""
    if scale_log_std is None:
        return ", scale not known"
    percent = 100 * float(np.expm1(scale_log_std))
    return f" +- {percent:.2g} %" if percent >= MIN_PERCENT else ""


def _write(image: np.ndarray, text: str, position: tuple[int, int]) -> None:
    cv2.putText(image, text, position, cv2.FONT_HERSHEY_SIMPLEX, FONT_SCALE, TEXT_COLOUR, 1, cv2.LINE_AA)


def _line(image, a, b, colour, thickness):
    shift = 4  # sixteenths of a pixel
    a, b = (tuple(round(c) for c in np.clip(p[:2], -1e4, 1e4) * 2**shift) for p in (a, b))
    cv2.line(image, a, b, tuple(float(c) for c in colour), thickness, cv2.LINE_AA, shift)
