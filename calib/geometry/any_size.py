"""Cameras of which something is not known before their images are seen."""

import math

from calib.base.errors import CalibrationError
from calib.geometry.camera import Camera

NOMINAL_SIZE = 1000
USUAL_FOV_DEG = 60.0
"""Between webcams (55 to 70 degrees across) and phones (65 to 70, less for video)."""
MAX_OFF_CENTRE = 0.15
"""Of a principal point from the middle of the images, as a share of their size: further away it is that of images of
another size."""


class AnySizeCamera(Camera):
    """A square camera that becomes the camera of whatever images it is fitted to: the middle is the middle, pixels are
    square, and `fov_deg` is the angle across the longer side."""

    @classmethod
    def of(cls, fov_deg: float = USUAL_FOV_DEG) -> "AnySizeCamera":
        """Raises CalibrationError."""
        if not 1 <= fov_deg <= 170:
            raise CalibrationError(f"a field of view lies between 1 and 170 degrees, not at {fov_deg:g}")
        focal_px, middle = NOMINAL_SIZE / 2 / math.tan(math.radians(fov_deg) / 2), (NOMINAL_SIZE - 1) / 2
        return cls(NOMINAL_SIZE, NOMINAL_SIZE, focal_px, focal_px, middle, middle)

    def describe(self) -> str:
        fov_deg = 2 * math.degrees(math.atan(NOMINAL_SIZE / 2 / self.fx))
        return f"images of any size, {fov_deg:g} degrees across the longer side"

    def fitted_to(self, size: tuple[int, int]) -> Camera:
        height, width = size
        focal_px = self.fx * max(size) / NOMINAL_SIZE
        return Camera(width, height, focal_px, focal_px, (width - 1) / 2, (height - 1) / 2)


class UnsizedCamera(Camera):
    """Intrinsics in pixels from a file that does not say of how large images: they are taken at their word. Until then,
    width and height are what the principal point suggests."""

    @classmethod
    def of(cls, intrinsics: tuple[float, float, float, float], distortion: tuple[float, ...] = (),
           model: str = "pinhole") -> "UnsizedCamera":
        """Raises CalibrationError. `intrinsics`: fx, fy, cx, cy"""
        fx, fy, cx, cy = intrinsics
        if not (0 < cx < 1e5 and 0 < cy < 1e5):
            raise CalibrationError(f"a principal point lies within the image, not at ({cx:g}, {cy:g})")
        return cls(round(2 * cx + 1), round(2 * cy + 1), fx, fy, cx, cy, distortion, model)

    def describe(self) -> str:
        return super().describe().replace(f"{self.width}x{self.height}", "images whose size it does not say")

    def fitted_to(self, size: tuple[int, int]) -> Camera:
        """Raises CalibrationError where the principal point is not near the middle of images of (height, width)."""
        height, width = size
        off_centre = max(abs((self.cx + 0.5) / width - 0.5), abs((self.cy + 0.5) / height - 0.5))
        if off_centre > MAX_OFF_CENTRE:
            raise CalibrationError(
                f"the calibration does not say its image size, and its principal point ({self.cx:g}, {self.cy:g}) is "
                f"not near the middle of {width}x{height} images: is it for images of about {self.width}x"
                f"{self.height}? Add width and height to it")
        return Camera(width, height, self.fx, self.fy, self.cx, self.cy, self.distortion, self.model)
