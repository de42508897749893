"""Where the pixels of a training image come from: crop, zoom, stretch, rotation and flip as one affine map.

The maps take pixel coordinates, centres at integers. Depth follows the pinhole: an image enlarged s times shows things
as if they were s times closer (Eigen 2014, section 3.4), so depth is given for one focal length, that of the network:
depth_m * focal_px / seen focal length (Metric3D, Yin 2023, section 3.1). For the camera that defines it this divides
depth by s, as Eigen does.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from depth.data.sample import Sample

SHRINK = 0.8
"""Below this scale the image is averaged down first, as the estimators do it; nearer to 1, interpolation is enough."""


@dataclass(frozen=True)
class Placement:
    """Which part of an image becomes the input."""

    scale: float
    """Input pixels per image pixel: geometric mean of across and down."""
    centre: tuple[float, float]
    """(u, v) in the image of the middle of the input."""
    rotation_rad: float = 0.0
    stretch: float = 1.0
    """Width over height of what was a square; the scale across is scale * sqrt(stretch)."""
    flip: bool = False

    def matrix(self, size: tuple[int, int]) -> np.ndarray:
        """(2, 3) map from image pixels to input pixels, for an input of (height, width)."""
        across, down = self.scale * self.stretch**0.5, self.scale / self.stretch**0.5
        if self.flip:
            across = -across
        cos, sin = np.cos(self.rotation_rad), np.sin(self.rotation_rad)
        linear = np.diag([across, down]) @ np.array([[cos, -sin], [sin, cos]])
        middle = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
        return np.column_stack([linear, middle - linear @ self.centre])


def covering_scale(image_size: tuple[int, int], input_size: tuple[int, int], cover: float = 1.0) -> float:
    """The scale at which an input of (height, width) shows the share `cover` of the image's narrower direction."""
    return max(input_size[0] / image_size[0], input_size[1] / image_size[1]) / cover


def placed(sample: Sample, placement: Placement, size: tuple[int, int],
           focal_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Sample -> rgb (h, w, 3) uint8 and depth (h, w) float32 metres for a camera of focal_px (geometric mean of x and
    y) at this size, 0 where there is none. Beyond the image, rgb is its mirror image and depth is unknown."""
    matrix = placement.matrix(size)
    rgb = _warped_rgb(sample.rgb, matrix, placement.scale, size)
    to_depth = matrix @ _homogeneous(_image_from_depth(sample))
    depth_m = cv2.warpAffine(sample.depth_m, to_depth, size[::-1], flags=cv2.INTER_NEAREST)
    depth_m[_outside(sample.rgb.shape[:2], matrix, size)] = 0
    seen_px = placement.scale * float(np.sqrt(sample.camera.fx * abs(sample.camera.fy)))
    return rgb, depth_m * np.float32(focal_px / seen_px)


def without_border(sample: Sample, border: float) -> Sample:
    """Sample without the share `border` of its width at each edge of the image; the depth map stays as it is."""
    edge = int(np.ceil(border * sample.camera.width))
    if not edge:
        return sample
    return sample._replace(rgb=sample.rgb[edge:-edge, edge:-edge], camera=replace(
        sample.camera, width=sample.camera.width - 2 * edge, height=sample.camera.height - 2 * edge,
        cx=sample.camera.cx - edge, cy=sample.camera.cy - edge))


def _warped_rgb(rgb, matrix, scale, size):
    if scale < SHRINK:
        height, width = (max(1, round(side * scale)) for side in rgb.shape[:2])
        across, down = width / rgb.shape[1], height / rgb.shape[0]
        rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
        matrix = matrix @ _homogeneous([[1 / across, 0, 0.5 / across - 0.5], [0, 1 / down, 0.5 / down - 0.5]])
    return cv2.warpAffine(rgb, matrix, size[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _outside(image_size, matrix, size):
    """Boolean mask of the input pixels that show nothing of an image of (height, width)."""
    return cv2.warpAffine(np.ones(image_size, np.uint8), matrix, size[::-1], flags=cv2.INTER_NEAREST) == 0


def _image_from_depth(sample):
    """(2, 3) map from pixels of the depth map to pixels of the image."""
    image, depth = sample.camera, sample.depth_camera
    sx, sy = image.fx / depth.fx, image.fy / depth.fy
    return np.array([[sx, 0, image.cx - sx * depth.cx], [0, sy, image.cy - sy * depth.cy]])


def _homogeneous(matrix):
    return np.vstack([matrix, [0, 0, 1]])
