"""Messages of images in ROS -> arrays: sensor_msgs/Image of every common encoding, and sensor_msgs/CompressedImage."""

from typing import Any

import cv2
import numpy as np

from calib.files.image_file import UnreadableImage, decode_rgb

CHANNELS = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1, "8UC1": 1, "8UC3": 3, "8UC4": 4,
            "bayer_rggb8": 1, "bayer_bggr8": 1, "bayer_gbrg8": 1, "bayer_grbg8": 1, "yuv422": 2, "uyvy": 2,
            "yuv422_yuy2": 2, "yuyv": 2, "mono16": 1, "16UC1": 1, "32FC1": 1}
"""Per pixel, by what ROS calls it (sensor_msgs/image_encodings.hpp)."""
TYPES = {"mono16": "u2", "16UC1": "u2", "32FC1": "f4"}
"""Of numbers, where they are no bytes."""
TO_RGB = {"bgr8": cv2.COLOR_BGR2RGB, "8UC3": cv2.COLOR_BGR2RGB, "bgra8": cv2.COLOR_BGRA2RGB, "8UC4": cv2.COLOR_BGRA2RGB,
          "rgba8": cv2.COLOR_RGBA2RGB, "mono8": cv2.COLOR_GRAY2RGB, "8UC1": cv2.COLOR_GRAY2RGB,
          "bayer_rggb8": cv2.COLOR_BayerRGGB2RGB, "bayer_bggr8": cv2.COLOR_BayerBGGR2RGB,
          "bayer_gbrg8": cv2.COLOR_BayerGBRG2RGB, "bayer_grbg8": cv2.COLOR_BayerGRBG2RGB,
          "yuv422": cv2.COLOR_YUV2RGB_UYVY, "uyvy": cv2.COLOR_YUV2RGB_UYVY, "yuv422_yuy2": cv2.COLOR_YUV2RGB_YUY2,
          "yuyv": cv2.COLOR_YUV2RGB_YUY2}
DEEP = ("mono16", "16UC1", "32FC1")
MM = 1000.0
COMPRESSED_DEPTH_HEADER_BYTES = 12
"""Before the PNG in what compressed_depth_image_transport sends."""


def rgb_of(message: Any, place: str) -> np.ndarray:
    """Image or CompressedImage -> (H, W, 3) uint8 RGB. Raises UnreadableImage, beginning with `place`."""
    if hasattr(message, "format"):
        return decode_rgb(bytes(message.data), place)
    pixels = _pixels(message, place)
    if message.encoding in DEEP:
        if message.encoding != "mono16":
            raise UnreadableImage(f"{place}: {message.encoding} is depth, no picture")
        pixels = np.repeat((pixels >> 8).astype(np.uint8), 3, axis=2)
    elif message.encoding in TO_RGB:
        pixels = cv2.cvtColor(pixels, TO_RGB[message.encoding])
    return np.ascontiguousarray(pixels)


def depth_m_of(message: Any, place: str) -> np.ndarray:
    """Image or CompressedImage of depth -> (H, W) float32 metres, 0 without a reading. Raises UnreadableImage."""
    if hasattr(message, "format"):
        data = bytes(message.data)
        start = data.find(b"\x89PNG", 0, COMPRESSED_DEPTH_HEADER_BYTES + 4)
        depth = cv2.imdecode(np.frombuffer(data[max(start, 0):], np.uint8), cv2.IMREAD_UNCHANGED) if data else None
        if depth is None or depth.dtype != np.uint16:
            raise UnreadableImage(f"{place}: compressed depth that is no PNG of 16 bits")
    else:
        depth = _pixels(message, place)[..., 0]
    if depth.dtype == np.uint16:
        return np.where(depth == 65535, 0, depth).astype(np.float32) / np.float32(MM)
    depth = depth.astype(np.float32)
    return np.where(np.isfinite(depth) & (depth > 0), depth, np.float32(0))


def is_depth(message: Any) -> bool:
    """Whether an image of ROS is one of depth."""
    kind = getattr(message, "encoding", None) or getattr(message, "format", "")
    return str(kind).startswith(("16UC1", "32FC1"))


def _pixels(message, place):
    """(H, W, channels), rows without what pads them."""
    encoding, order = message.encoding, ">" if message.is_bigendian else "<"
    if encoding not in CHANNELS:
        raise UnreadableImage(f"{place}: encoding {encoding!r} is not known; known are {', '.join(CHANNELS)}")
    kind = np.dtype(f"{order}{TYPES[encoding]}") if encoding in TYPES else np.dtype("u1")
    row_bytes = message.width * CHANNELS[encoding] * kind.itemsize
    data = np.asarray(message.data, np.uint8)
    if not message.width or not message.height or message.step < row_bytes or data.size < message.step * message.height:
        raise UnreadableImage(f"{place}: cut off")
    rows = data[: message.step * message.height].reshape(message.height, message.step)[:, :row_bytes]
    pixels = np.ascontiguousarray(rows).view(kind).astype(kind.newbyteorder("="))
    return pixels.reshape(message.height, message.width, CHANNELS[encoding])
