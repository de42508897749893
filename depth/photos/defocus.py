"""An image as a wide lens would have taken it: sharp at one depth, blurred in front and behind.

The use is that of Laina 2016, figure 7, and Hao 2018, figure 7; the method is our own, a thin lens in layers. Laina
blurs by a bilateral filter that grows with the distance to the plane in focus, over depth smoothed by total variation,
and Hao does not say how.
"""

import cv2
import numpy as np

GAMMA = 2.2
"""Exponent from pixel values to light, which adds up linearly: bright points become discs only if blurred as light."""
MAX_RADIUS = 0.05
"""Largest blur radius as a share of the longer side of the image."""
FULL_SIZE_RADIUS_PX = 8
"""Largest radius at full size; wider blurs are computed on a smaller image, where they have this radius."""
STEP = 1.25
"""Ratio of the blur radii of neighbouring layers."""


def defocused(rgb: np.ndarray, depth_m: np.ndarray, focal_px: float, focus_m: float, aperture_m: float) -> np.ndarray:
    """(H, W, 3) uint8 and (H, W) depth > 0 -> (H, W, 3) uint8, for a lens opening of diameter `aperture_m`.

    The image is cut into layers by signed blur radius. From the farthest to the nearest, each is blurred together
    with its own coverage and laid over those behind it; dividing by the coverage of all of them at last closes the
    places that no layer had seen. So sharp things in front leave nothing in the blur behind them.
    """
    radius_px = signed_radius(depth_m, focal_px, focus_m, aperture_m)
    limit_px = MAX_RADIUS * max(depth_m.shape)
    radius_px = np.clip(radius_px, -limit_px, limit_px)
    light = np.power(np.arange(256, dtype=np.float32) / 255, np.float32(GAMMA))[rgb]
    image = np.zeros((*depth_m.shape, 4), np.float32)
    levels = layer_radii(float(radius_px.min()), float(radius_px.max()))
    for number, level_px in enumerate(levels):
        weight = _weight(radius_px, levels, number)
        if weight.any():
            _lay_over(image, light, weight, abs(level_px))
    light = image[..., :3] / np.maximum(image[..., 3:], np.float32(1e-6))
    return np.round(255 * np.clip(light, 0, 1) ** np.float32(1 / GAMMA)).astype(np.uint8)


def signed_radius(depth_m: np.ndarray, focal_px: float, focus_m: float, aperture_m: float) -> np.ndarray:
    """Radius in pixels of a point's circle of confusion; positive for points nearer than the focus.

    A thin lens focused at z_focus spreads a point at z over the angle aperture |1/z - 1/z_focus|.
    """
    return np.float32(0.5 * aperture_m * focal_px) * (1 / depth_m - np.float32(1 / focus_m))


def layer_radii(min_px: float, max_px: float) -> list[float]:
    """Signed radii of the layers, rising, 0 among them: one pixel apart, where that is finer than the ratio STEP."""
    radii = [0.0]
    while radii[-1] < max(-min_px, max_px):
        radii.append(max(radii[-1] + 1, radii[-1] * STEP))
    behind = [-r for r in radii[1:] if r < -min_px + max(1, r - r / STEP)]
    front = [r for r in radii[1:] if r < max_px + max(1, r - r / STEP)]
    return behind[::-1] + [0.0] + front


def _weight(radius_px, levels, number):
    """(H, W) share of each pixel in a layer: 1 at the layer's radius, falling to 0 at its neighbours'."""
    weight = np.ones_like(radius_px)
    if number > 0:
        weight = np.minimum(weight, (radius_px - levels[number - 1]) / (levels[number] - levels[number - 1]))
    if number + 1 < len(levels):
        weight = np.minimum(weight, (levels[number + 1] - radius_px) / (levels[number + 1] - levels[number]))
    return np.maximum(weight, 0)


def _lay_over(image, light, weight, radius_px):
    """Blur one layer and put it over `image` (H, W, 4: light times coverage, coverage), in place."""
    box = _box(weight, int(np.ceil(radius_px)) + 2)
    weight = weight[box][..., None]
    layer = _disc_blurred(np.concatenate([light[box] * weight, weight], axis=2), radius_px)
    image[box] = layer + image[box] * (1 - layer[..., 3:])


def _box(weight, margin):
    """Slices around all pixels that are not 0, with a margin."""
    return tuple(slice(max(0, used[0] - margin), used[-1] + 1 + margin)
                 for used in (np.flatnonzero(weight.any(axis=axis)) for axis in (1, 0)))


def _disc_blurred(layer, radius_px):
    if radius_px < 0.5:
        return layer
    height, width = layer.shape[:2]
    scale = min(1.0, FULL_SIZE_RADIUS_PX / radius_px)
    small = layer if scale == 1 else cv2.resize(
        layer, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)
    small = cv2.filter2D(small, -1, disc(radius_px * scale), borderType=cv2.BORDER_REPLICATE)
    small = np.clip(small, 0, 1)  # large kernels go through Fourier space, which rounds
    return small if scale == 1 else cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def disc(radius_px: float) -> np.ndarray:
    """(2n+1, 2n+1) float32 that adds up to 1, with a soft edge of one pixel."""
    reach = np.arange(-int(np.ceil(radius_px)), int(np.ceil(radius_px)) + 1)
    kernel = np.clip(radius_px + 0.5 - np.hypot(*np.meshgrid(reach, reach)), 0, 1)
    return (kernel / kernel.sum()).astype(np.float32)
