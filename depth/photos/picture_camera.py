"""The camera that a picture was taken with: calibrated, that of the training images, or assumed."""

import math
from collections.abc import Callable

from calib.base.errors import BadInputError
from calib.geometry.camera import Camera
from calib.geometry.rectification import Rectifier
from depth.runtimes.image_network import ImageNetwork

DEFAULT_FOV_DEG = 60.0
"""Assumed field of view along the longer side, between a phone's main camera (65 to 70) and a webcam (55 to 60)."""


class PictureCameras:
    """Rectifiers for pictures of any size. One of `calibrated` (Camera) and `fov_deg` may say the camera.

    Otherwise it is the camera that the network was trained with, or, where the network does not say that one, a camera
    of DEFAULT_FOV_DEG. `source` tells in words which it is.
    """

    def __init__(self, estimator: ImageNetwork, calibrated: Camera | None = None, fov_deg: float | None = None) -> None:
        self.calibrated, self.fov_deg = calibrated, fov_deg
        self.trained = None if calibrated or fov_deg else training_camera(estimator)
        if calibrated:
            self.source = "from the calibration"
        elif self.trained:
            self.source = f"that of the images {estimator.name} was trained with; --calibration or --fov to change it"
        elif fov_deg:
            self.source = f"from a field of view of {fov_deg:g} degrees"
        else:
            self.source = f"from an assumed field of view of {DEFAULT_FOV_DEG:g} degrees; --calibration or --fov to " \
                          f"change it"
        self._rectifiers = {}

    def rectifier(self, size: tuple[int, int]) -> Rectifier:
        """(height, width) -> Rectifier. Raises CalibrationError where the calibration is for another aspect ratio."""
        if size not in self._rectifiers:
            self._rectifiers[size] = Rectifier(self._camera(size))
        return self._rectifiers[size]

    def _camera(self, size):
        if self.calibrated:
            return self.calibrated.fitted_to(size)
        height, width = size
        focal_px = self.trained.focal_px(size) if self.trained else \
            0.5 * max(size) / math.tan(math.radians(self.fov_deg or DEFAULT_FOV_DEG) / 2)
        return Camera(width, height, focal_px, focal_px, (width - 1) / 2, (height - 1) / 2)


class TrainingCamera:
    """Camera of the images that a network was trained with: fx, fy at its input, whose size `size_for` tells."""

    def __init__(self, trained_px: tuple[float, float], size_for: Callable[[tuple[int, int]], tuple[int, int]]) -> None:
        self.trained_px, self.size_for = trained_px, size_for

    def focal_px(self, size: tuple[int, int]) -> float:
        """Focal length of square pixels at a picture's size for which depth.estimator.focal_scale is 1."""
        return math.sqrt(math.prod(self.trained_px) * math.prod(size) / math.prod(self.size_for(size)))


def training_camera(estimator: ImageNetwork) -> TrainingCamera | None:
    """The TrainingCamera of an ImageNetwork, or None where it does not say."""
    focal_px = estimator.spec.focal_px
    return TrainingCamera(focal_px, estimator.size_for) if focal_px else None


def field_of_view(text: str) -> float:
    """An argparse type: degrees along the longer side of the picture. Raises BadInputError."""
    degrees = float(text)
    if not 5 <= degrees <= 150:
        raise BadInputError(f"--fov {text}: expected degrees along the longer side of the picture, from 5 to 150")
    return degrees
