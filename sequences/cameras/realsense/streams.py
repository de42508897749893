"""The streams of a RealSense device, be it plugged in or a recording that is played, and the pictures in them."""

from dataclasses import dataclass

import cv2
import numpy as np

from calib.base.errors import SourceError
from sequences.cameras.realsense.lens import camera_of

TO_RGB = {"rgb8": None, "bgr8": cv2.COLOR_BGR2RGB, "rgba8": cv2.COLOR_RGBA2RGB, "bgra8": cv2.COLOR_BGRA2RGB,
          "yuyv": cv2.COLOR_YUV2RGB_YUYV, "uyvy": cv2.COLOR_YUV2RGB_UYVY, "y8": cv2.COLOR_GRAY2RGB}
"""Formats of colour images, the best first, and how OpenCV makes RGB of them."""


@dataclass(frozen=True)
class Streams:
    """The sensors of a device and what each shall send."""

    colour: tuple
    """(sensor, profile)"""
    depth: tuple | None

    @property
    def camera(self):
        """Camera of the colour images, distortion included."""
        return camera_of(self.colour[1].get_intrinsics())

    @property
    def depth_camera(self):
        return camera_of(self.depth[1].get_intrinsics())

    @property
    def T_colour_depth(self):
        """(4, 4)"""
        extrinsics, T_colour_depth = self.depth[1].get_extrinsics_to(self.colour[1]), np.eye(4)
        T_colour_depth[:3, :3] = np.reshape(extrinsics.rotation, (3, 3)).T  # they say it column by column
        T_colour_depth[:3, 3] = extrinsics.translation
        return T_colour_depth

    @property
    def depth_scale(self):
        """Units per metre of the raw depth; the device keeps the inverse in 32 bits, hence the rounding."""
        return float(f"{1 / self.depth[0].as_depth_sensor().get_depth_scale():.6g}") if self.depth else 1000.0


def choose_streams(device, place, fits=lambda profile: True):
    """The first colour and depth streams that we can read and that `fits` takes. Raises SourceError without colour."""
    offers = [(sensor, profile.as_video_stream_profile()) for sensor in device.query_sensors()
              for profile in sensor.get_stream_profiles() if profile.is_video_stream_profile()]
    offers = [(sensor, profile) for sensor, profile in offers if fits(profile)]
    colour = [offer for offer in offers if kind_of(offer[1]) == "color" and format_of(offer[1]) in TO_RGB]
    depth = [offer for offer in offers if kind_of(offer[1]) == "depth" and format_of(offer[1]) == "z16"]
    if not colour:
        has = ", ".join(sorted({f"{kind_of(p)} {p.width()}x{p.height()} {format_of(p)} {p.fps()} Hz" for _, p in offers}))
        raise SourceError(f"{place} has no such colour stream; it has {has or 'none that fits'}")
    return Streams(min(colour, key=lambda offer: list(TO_RGB).index(format_of(offer[1]))), depth[0] if depth else None)


def rgb_of(frame):
    """Colour frame -> (H, W, 3) uint8 RGB of its own."""
    data = np.asanyarray(frame.get_data())
    conversion = TO_RGB[format_of(frame.profile)]
    if conversion is None:
        return data.copy()
    if data.dtype == np.uint16:  # two bytes per pixel
        data = data.view(np.uint8).reshape(*data.shape, 2)
    return cv2.cvtColor(data, conversion)


def kind_of(profile):
    return profile.stream_type().name


def format_of(profile):
    return profile.format().name
