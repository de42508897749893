"""The calibration of a camera that was rotated by a quarter turn."""

from dataclasses import replace

from calib.geometry.camera import Camera


def rotated_as_shown(camera: Camera, size: tuple[int, int], rotation_deg: int) -> Camera:
    """The calibrated camera turned as a video's or photo's rotation flag turns its pictures, where it only fits so.

    A phone that was calibrated lying on its side then serves for what it took upright. `size` is (height, width) of
    the pictures; `rotation_deg` is clockwise.
    """
    fits_turned = abs(size[0] * camera.height / (size[1] * camera.width) - 1) < 0.01
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
