"""The streams of a RealSense device, be it plugged in or a recording that is played, and the pictures in them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from calib.base.errors import SourceError
from calib.geometry.camera import Camera
from sequences.cameras.realsense.lens import camera_of

TO_RGB = {"rgb8": None, "bgr8": cv2.COLOR_BGR2RGB, "rgba8": cv2.COLOR_RGBA2RGB, "bgra8": cv2.COLOR_BGRA2RGB,
          "yuyv": cv2.COLOR_YUV2RGB_YUYV, "uyvy": cv2.COLOR_YUV2RGB_UYVY, "y8": cv2.COLOR_GRAY2RGB}
"""Formats of colour images, the best first, and how OpenCV makes RGB of them."""


@dataclass(frozen=True)
class Streams:
    """The sensors of a device and what each shall send."""

    colour: tuple[Any, Any]
    """(sensor, profile) of colour."""
    depth: tuple[Any, Any] | None
    """(sensor, profile) of depth, where the device has it."""

    @property
    def camera(self) -> Camera:
        """Camera of the colour images, distortion included."""
        return camera_of(self.colour[1].get_intrinsics())

    @property
    def depth_camera(self) -> Camera:
        """Camera of the raw depth images. There must be depth."""
        assert self.depth is not None
        return camera_of(self.depth[1].get_intrinsics())

    @property
    def T_colour_depth(self) -> np.ndarray:
        """(4, 4), depth camera to colour camera. There must be depth."""
        assert self.depth is not None
        extrinsics, T_colour_depth = self.depth[1].get_extrinsics_to(self.colour[1]), np.eye(4)
        T_colour_depth[:3, :3] = np.reshape(extrinsics.rotation, (3, 3)).T  # they say it column by column
        T_colour_depth[:3, 3] = extrinsics.translation
        return T_colour_depth

    @property
    def depth_scale(self) -> float:
        """Units per metre of the raw depth; the device keeps the inverse in 32 bits, hence the rounding."""
        return float(f"{1 / self.depth[0].as_depth_sensor().get_depth_scale():.6g}") if self.depth else 1000.0


def choose_streams(device: Any, place: object, fits: Callable[[Any], bool] = lambda profile: True) -> Streams:
    """The first colour and depth streams that we can read and that `fits` takes. Raises SourceError without colour."""
    offers = [(sensor, profile.as_video_stream_profile()) for sensor in device.query_sensors()
              for profile in sensor.get_stream_profiles() if profile.is_video_stream_profile()]
    offers = [(sensor, profile) for sensor, profile in offers if fits(profile)]
    colour = [offer for offer in offers if kind_of(offer[1]) == "color" and format_of(offer[1]) in TO_RGB]
    depth = [offer for offer in offers if kind_of(offer[1]) == "depth" and format_of(offer[1]) == "z16"]
    if not colour:
        has = ", ".join(sorted({f"{kind_of(profile)} {profile.width()}x{profile.height()} {format_of(profile)} "
                                f"{profile.fps()} Hz" for _, profile in offers}))
        raise SourceError(f"{place} has no such colour stream; it has {has or 'none that fits'}")
    return Streams(min(colour, key=lambda offer: list(TO_RGB).index(format_of(offer[1]))), depth[0] if depth else None)


def rgb_of(frame: Any) -> np.ndarray:
    """Colour frame -> (H, W, 3) uint8 RGB of its own."""
    data = np.asanyarray(frame.get_data())
    conversion = TO_RGB[format_of(frame.profile)]
    if conversion is None:
        return data.copy()
    if data.dtype == np.uint16:  # two bytes per pixel
        data = data.view(np.uint8).reshape(*data.shape, 2)
    return cv2.cvtColor(data, conversion)


def kind_of(profile: Any) -> str:
    """`color`, `depth` ..., as librealsense names kinds of streams."""
    return profile.stream_type().name


def format_of(profile: Any) -> str:
    """`rgb8`, `z16` ..., as librealsense names formats of pixels."""
    return profile.format().name
