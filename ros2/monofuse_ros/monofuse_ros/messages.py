"""Arrays as messages of ROS: each function fills a message that it is given, so no package of ROS is needed here."""

from typing import Any

import numpy as np

from calib.formats.ros import camera_in_message
from calib.geometry.camera import Camera
from calib.geometry.se3 import to_quaternion
from monofuse_ros.core import NS

FIELDS = ("x", "y", "z", "rgb")
FLOAT32 = 7
"""sensor_msgs/PointField.FLOAT32."""


def stamp_ns(stamp: Any) -> int:
    """builtin_interfaces/Time -> nanoseconds."""
    return NS * stamp.sec + stamp.nanosec


def set_stamp(header: Any, time_ns: int, frame: str) -> None:
    """Nanoseconds and a frame into a std_msgs/Header."""
    header.stamp.sec, header.stamp.nanosec = divmod(time_ns, NS)
    header.frame_id = frame


def camera_of(info: Any) -> Camera:
    """sensor_msgs/CameraInfo -> Camera. Raises CalibrationError."""
    return camera_in_message({"distortion_model": info.distortion_model, "width": info.width, "height": info.height,
                              "k": [float(number) for number in info.k], "d": [float(number) for number in info.d],
                              "binning_x": info.binning_x, "binning_y": info.binning_y,
                              "roi": {"x_offset": info.roi.x_offset, "y_offset": info.roi.y_offset}})


def fill_pose(pose: Any, T: np.ndarray) -> None:
    """(4, 4) into a geometry_msgs/Pose."""
    position, quaternion = to_quaternion(T)
    _fill(pose.position, "xyz", position)
    _fill(pose.orientation, "xyzw", quaternion)


def fill_transform(transform: Any, T: np.ndarray) -> None:
    """(4, 4) into a geometry_msgs/Transform."""
    translation, quaternion = to_quaternion(T)
    _fill(transform.translation, "xyz", translation)
    _fill(transform.rotation, "xyzw", quaternion)


def fill_twist(twist: Any, linear: np.ndarray, angular: np.ndarray) -> None:
    """(3,) each into a geometry_msgs/Twist."""
    _fill(twist.linear, "xyz", linear)
    _fill(twist.angular, "xyz", angular)


def fill_depth(image: Any, depth_m: np.ndarray) -> None:
    """(h, w) float32 metres into a sensor_msgs/Image (REP 118: 32FC1, NaN without a reading)."""
    image.height, image.width = depth_m.shape
    image.encoding, image.is_bigendian, image.step = "32FC1", 0, 4 * depth_m.shape[1]
    image.data = np.where(depth_m > 0, depth_m, np.float32(np.nan)).astype("<f4").tobytes()


def fill_camera_info(info: Any, camera: Camera) -> None:
    """A pinhole into a sensor_msgs/CameraInfo."""
    info.width, info.height, info.distortion_model, info.d = camera.width, camera.height, "plumb_bob", [0.0] * 5
    info.k = [float(number) for number in camera.K.ravel()]
    info.r = [float(number) for number in np.eye(3).ravel()]
    info.p = [float(number) for number in np.column_stack([camera.K, np.zeros(3)]).ravel()]


def fill_cloud(cloud: Any, point_field: type, points: np.ndarray, colours: np.ndarray) -> None:
    """(N, 3) float32 and (N, 3) uint8 into a sensor_msgs/PointCloud2 with x, y, z and rgb, as RViz and PCL read it."""
    packed = (colours.astype(np.uint32) << np.array([16, 8, 0], np.uint32)).sum(1, dtype=np.uint32)
    rows = np.column_stack([points.astype("<f4"), packed.astype("<u4").view("<f4")])
    cloud.height, cloud.width, cloud.point_step, cloud.row_step = 1, len(rows), 16, 16 * len(rows)
    cloud.is_bigendian, cloud.is_dense, cloud.data = False, True, rows.astype("<f4").tobytes()
    cloud.fields = []
    for number, name in enumerate(FIELDS):
        field = point_field()
        field.name, field.offset, field.datatype, field.count = name, 4 * number, FLOAT32, 1
        cloud.fields.append(field)


def _fill(message, names, numbers):
    for name, number in zip(names, numbers):
        setattr(message, name, float(number))
