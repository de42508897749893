"""The calibration of a camera whose pictures are shown otherwise than they are stored: turned, or with other pixels."""

from dataclasses import replace
from fractions import Fraction

from calib.geometry.any_size import UnsizedCamera
from calib.geometry.camera import Camera

MAX_ASPECT_DIFFERENCE = (0.01, 0.2)
"""The latter where the size of the images is only what the principal point suggests."""


def as_shown(camera: Camera, size: tuple[int, int], rotation_deg: int, pixel_aspect: Fraction = Fraction(1)) -> Camera:
    """The calibrated camera for pictures of (height, width) as a video shows them.

    It may be that of the pictures as shown, as stored, or as stored and turned. `pixel_aspect` is the width of a stored
    pixel by its height. Raises CalibrationError.
    """
    if pixel_aspect != 1:
        lying = size if rotation_deg % 180 == 0 else (size[1], size[0])
        stored = (lying[0], round(lying[1] / pixel_aspect)) if pixel_aspect > 1 else \
            (round(lying[0] * pixel_aspect), lying[1])
        if camera.size == stored:
            camera = camera.resized(lying)
    return rotated_as_shown(camera, size, rotation_deg).fitted_to(size)


def rotated_as_shown(camera: Camera, size: tuple[int, int], rotation_deg: int) -> Camera:
    """The calibrated camera turned as a video's or photo's rotation flag turns its pictures, where it only fits so.

    A phone that was calibrated lying on its side then serves for what it took upright. `size` is (height, width) of
    the pictures; `rotation_deg` is clockwise.
    """
    tolerance = MAX_ASPECT_DIFFERENCE[isinstance(camera, UnsizedCamera)]
    fits_turned = abs(size[0] * camera.height / (size[1] * camera.width) - 1) < tolerance
    if rotation_deg in (90, 270) and camera.width != camera.height and fits_turned:
        for _ in range(rotation_deg // 90):
            camera = _rotated_clockwise(camera)
    return camera


def _rotated_clockwise(camera):
    """The camera of pictures turned by 90 degrees: u' = height - 1 - v, v' = u, hence x' = -y, y' = x."""
    distortion = camera.distortion
    if distortion and camera.model == "pinhole":  # k1 k2 p1 p2 ...: tangential terms swap, radial ones stay
        distortion = (*distortion[:2], distortion[3], -distortion[2], *distortion[4:])
    return replace(camera, width=camera.height, height=camera.width, fx=camera.fy, fy=camera.fx,
                   cx=camera.height - 1 - camera.cy, cy=camera.cx, distortion=distortion)
