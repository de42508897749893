"""A camera of which nothing is known but its field of view."""

import math

from calib.base.errors import CalibrationError
from calib.geometry.camera import Camera

NOMINAL_SIZE = 1000
USUAL_FOV_DEG = 60.0
"""Between webcams (55 to 70 degrees across) and phones (65 to 70, less for video)."""


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

    def fitted_to(self, size: tuple[int, int]) -> Camera:
        height, width = size
        focal_px = self.fx * max(size) / NOMINAL_SIZE
        return Camera(width, height, focal_px, focal_px, (width - 1) / 2, (height - 1) / 2)
