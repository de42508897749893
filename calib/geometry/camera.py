"""A camera: pinhole, Brown-Conrady or fisheye. Pixel centres lie at integers; z points forward."""

import math
from dataclasses import dataclass, replace

import numpy as np

from calib.base.errors import CalibrationError

MAX_SIDE_PX = 1 << 16
"""Longest side of an image."""
COEFFICIENTS = {"pinhole": (0, 4, 5, 8), "fisheye": (4,)}
"""How many numbers the distortion of each model may have."""
COEFFICIENT_NAMES = {"pinhole": "k1 k2 p1 p2 [k3 [k4 k5 k6]]", "fisheye": "k1 k2 k3 k4"}


@dataclass(frozen=True)
class Camera:
    """Intrinsics of an image of `width` x `height` pixels. fy is negative where rows run upwards.

    `distortion` of a `pinhole` holds k1 k2 p1 p2 [k3 [k4 k5 k6]] (Brown-Conrady) in OpenCV's order, or nothing for a
    rectified camera; that of a `fisheye` k1 k2 k3 k4 (Kannala and Brandt 2006, as in OpenCV). See
    calib.geometry.distortion.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = ()
    model: str = "pinhole"

    def __post_init__(self):
        if not all(map(math.isfinite, (self.fx, self.fy, self.cx, self.cy, *self.distortion))):
            raise CalibrationError(f"a camera needs finite numbers, not {self.describe()}, distortion "
                                   f"{', '.join(f'{k:g}' for k in self.distortion) or 'none'}")
        if self.width < 1 or self.height < 1 or self.fx <= 0 or self.fy == 0:
            raise CalibrationError(f"a camera needs a positive size and focal length, not {self.describe()}")
        if max(self.width, self.height) > MAX_SIDE_PX:
            raise CalibrationError(f"a camera has at most {MAX_SIDE_PX} pixels on a side, not {self.describe()}")
        if self.model not in COEFFICIENTS:
            raise CalibrationError(f"camera model {self.model!r} is not known; known are {', '.join(COEFFICIENTS)}")
        if len(self.distortion) not in COEFFICIENTS[self.model]:
            *fewer, most = [str(count) for count in COEFFICIENTS[self.model] if count]
            counts = f"{', '.join(fewer)} or {most}" if fewer else most
            raise CalibrationError(f"distortion takes {counts} coefficients ({COEFFICIENT_NAMES[self.model]}), "
                                   f"not {len(self.distortion)}")

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)"""
        return self.height, self.width

    @property
    def K(self) -> np.ndarray:
        """(3, 3) intrinsic matrix."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def pinhole(self) -> np.ndarray:
        """(4,) float32: fx, fy, cx, cy, as kernels take them."""
        return np.array([self.fx, self.fy, self.cx, self.cy], np.float32)

    @property
    def is_distorted(self) -> bool:
        return self.model == "fisheye" or any(self.distortion)

    @property
    def focal_px(self) -> float:
        """One focal length for both axes: the geometric mean."""
        return math.sqrt(self.fx * abs(self.fy))

    def describe(self) -> str:
        kind = "fisheye " if self.model == "fisheye" else ""
        return f"{kind}{self.width}x{self.height}, fx {self.fx:g}, fy {self.fy:g}, cx {self.cx:g}, cy {self.cy:g}"

    def rectified(self) -> "Camera":
        """The same pinhole without its distortion."""
        return replace(self, distortion=(), model="pinhole")

    def resized(self, size: tuple[int, int]) -> "Camera":
        """The camera of this image resampled to (height, width), edges kept: cx' = (cx + 0.5) s - 0.5."""
        sy, sx = size[0] / self.height, size[1] / self.width
        return replace(self, width=size[1], height=size[0], fx=self.fx * sx, fy=self.fy * sy,
                       cx=(self.cx + 0.5) * sx - 0.5, cy=(self.cy + 0.5) * sy - 0.5)

    def subsampled(self, size: tuple[int, int]) -> "Camera":
        """The camera of this image with pixel (u, v) taken from (u W/w, v H/h), as registered depth usually is."""
        sy, sx = size[0] / self.height, size[1] / self.width
        return replace(self, width=size[1], height=size[0], fx=self.fx * sx, fy=self.fy * sy,
                       cx=self.cx * sx, cy=self.cy * sy)

    def fitted_to(self, size: tuple[int, int]) -> "Camera":
        """This calibration for images of (height, width): scaled if the aspect ratio agrees within 1 %.

        Raises CalibrationError where it does not, since then cropping is unknown.
        """
        if tuple(size) == self.size:
            return self
        if abs(size[1] * self.height / (size[0] * self.width) - 1) > 0.01:
            raise CalibrationError(
                f"the calibration is for {self.width}x{self.height} images but these are {size[1]}x{size[0]}, another "
                f"aspect ratio: calibrate at {size[1]}x{size[0]} or give the calibration of these images")
        return self.resized(size)

    def project(self, p_cam: np.ndarray) -> np.ndarray:
        """(..., 3) points in metres -> (..., 2) pixels, distortion left out. Points need z > 0."""
        uv = p_cam[..., :2] / p_cam[..., 2:]
        return uv * (self.fx, self.fy) + (self.cx, self.cy)

    def rays(self) -> np.ndarray:
        """(height, width, 3) points with z = 1 through every pixel centre, distortion left out."""
        v, u = np.mgrid[: self.height, : self.width]
        return np.stack([(u - self.cx) / self.fx, (v - self.cy) / self.fy, np.ones(self.size)], -1)

    def backproject(self, depth_m: np.ndarray) -> np.ndarray:
        """(height, width) depth z in metres -> (height, width, 3) points in the camera frame."""
        return self.rays() * np.asarray(depth_m)[..., None]
