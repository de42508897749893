"""One picture of a whole run: the mesh from two sides with the camera's path, to see at once whether it worked."""

import cv2
import numpy as np

from slam.mesh import RayCaster

PANEL_SIZE = (900, 900)
BACKGROUND = np.array([24, 26, 30], np.float32)
START_COLOUR, END_COLOUR = np.array([80, 200, 255.0]), np.array([255, 120, 60.0])
SUPERSAMPLING = 2


def draw_overview(mesh, T_world_cam, caption):
    """Trimesh, camera path (N, 4, 4) and a line of text -> (h, w, 3) uint8 RGB: from above behind, and from the top.

    Surface is drawn only from its front, so walls and ceiling between the viewer and the room vanish.
    """
    caster = RayCaster(mesh)
    panels = [_draw_panel(caster, T_world_cam, _look(mesh, T_world_cam, elevation)) for elevation in (35.0, 89.0)]
    picture = np.concatenate(panels, axis=1)
    cv2.putText(picture, caption, (20, picture.shape[0] - 20), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (220, 220, 220), 1,
                cv2.LINE_AA)
    return picture


class _Look:
    """An orthographic view: axes as rows, centre, and metres per pixel."""

    def __init__(self, axes, centre, extent_m):
        self.axes, self.centre = axes, centre
        self.m_per_px = extent_m / min(PANEL_SIZE)

    def pixels(self, points):
        """(..., 3) world points -> (..., 2) pixels and (...,) distance along the view."""
        local = (points - self.centre) @ self.axes.T
        return local[..., :2] / self.m_per_px + np.array(PANEL_SIZE[::-1]) / 2, local[..., 2]


def _look(mesh, T_world_cam, elevation_deg):
    """Behind and above the cameras, looking the way they mostly look; up is what the cameras mostly call up."""
    up = -T_world_cam[:, :3, 1].mean(0)
    up /= np.linalg.norm(up)
    forward = T_world_cam[:, :3, 2].mean(0)
    forward -= forward @ up * up
    if np.linalg.norm(forward) < 0.05:  # a full turn: no direction is preferred
        forward = T_world_cam[0, :3, 2] - T_world_cam[0, :3, 2] @ up * up
    forward /= np.linalg.norm(forward)
    elevation = np.radians(elevation_deg)
    into = np.cos(elevation) * forward - np.sin(elevation) * up
    right = np.cross(forward, up)
    axes = np.stack([right, np.cross(into, right), into])
    surface = mesh.vertices[:: max(1, len(mesh.vertices) // 20000)] @ axes.T
    bounds = np.concatenate([np.percentile(surface, [0.5, 99.5], axis=0), T_world_cam[:, :3, 3] @ axes.T])
    low, high = bounds.min(0), bounds.max(0)
    return _Look(axes, (low + high) / 2 @ axes, 1.08 * float((high - low)[:2].max()))


def _draw_panel(caster, T_world_cam, look):
    height, width = (SUPERSAMPLING * n for n in PANEL_SIZE)
    v, u = np.mgrid[:height, :width] / SUPERSAMPLING
    reach = 2 * float(np.linalg.norm(np.ptp(caster.mesh.vertices, axis=0))) + 1
    local = np.stack([(u - PANEL_SIZE[1] / 2) * look.m_per_px, (v - PANEL_SIZE[0] / 2) * look.m_per_px,
                      np.full(u.shape, -reach)], -1).reshape(-1, 3)
    origins = local @ look.axes + look.centre
    directions = np.broadcast_to(look.axes[2], origins.shape)
    distance, triangle, uv, normal = caster.cast(origins, directions)
    hit = np.isfinite(distance)
    image = np.broadcast_to(BACKGROUND, origins.shape).copy()
    corners = np.asarray(caster.mesh.visual.vertex_colors)[caster.mesh.faces[triangle[hit]], :3].astype(np.float32)
    weights = np.stack([1 - uv[hit].sum(1), uv[hit, 0], uv[hit, 1]], 1)
    shade = 0.55 + 0.45 * np.abs(normal[hit] @ look.axes[2])
    image[hit] = np.einsum("nk,nkc->nc", weights, corners) * shade[:, None]
    image = cv2.resize(image.reshape(height, width, 3), PANEL_SIZE[::-1], interpolation=cv2.INTER_AREA)
    image = np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8))
    _draw_path(image, T_world_cam, look)
    return image


def _draw_path(image, T_world_cam, look):
    """The path from blue (start) to orange (end), with some of the cameras as small pyramids."""
    positions, _ = look.pixels(T_world_cam[:, :3, 3])
    for i in range(len(positions)):
        colour = START_COLOUR + (END_COLOUR - START_COLOUR) * i / max(len(positions) - 1, 1)
        if i:
            _line(image, positions[i - 1], positions[i], colour, 2)
        if i % max(1, len(positions) // 12) == 0:
            _draw_camera(image, T_world_cam[i], look, colour)


def _draw_camera(image, T_world_cam, look, colour):
    size_m = 26 * look.m_per_px
    corners = np.array([[-0.8, -0.6, 1], [0.8, -0.6, 1], [0.8, 0.6, 1], [-0.8, 0.6, 1]]) * size_m
    tips, _ = look.pixels(corners @ T_world_cam[:3, :3].T + T_world_cam[:3, 3])
    apex, _ = look.pixels(T_world_cam[:3, 3])
    for k in range(4):
        _line(image, apex, tips[k], colour, 1)
        _line(image, tips[k], tips[(k + 1) % 4], colour, 1)


def _line(image, a, b, colour, thickness):
    shift = 4  # sixteenths of a pixel
    a, b = (tuple(int(round(c)) for c in np.clip(p, -1e4, 1e4) * 2**shift) for p in (a, b))
    cv2.line(image, a, b, tuple(float(c) for c in colour), thickness, cv2.LINE_AA, shift)
