"""The node `monofuse`: image and camera_info in; pose, odometry, tf, path, points and depth out."""

import threading
import time

import rclpy
from geometry_msgs.msg import PoseStamped, TransformStamped
from nav_msgs.msg import Odometry, Path
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField
from std_srvs.srv import Trigger
from tf2_ros import TransformBroadcaster

from calib.base.errors import MonofuseError
from monofuse import Slam, SlamConfig
from monofuse.configuration import with_setting
from monofuse_ros import messages
from monofuse_ros.core import Core, Output
from monofuse_ros.latency import Latency
from monofuse_ros.mailbox import Mailbox
from sequences.datasets.ros_image import rgb_of

PARAMETERS = {"depth": "mobile", "settings": [""], "compressed": False, "map_frame": "map", "camera_frame": "",
              "output": "monofuse_map", "points_every_s": 2.0, "publish_tf": True, "mask": "auto"}
"""Name -> default; docs/ros2.md says what each does."""


class SlamNode(Node):
    """Receives in ROS's thread, works in one of its own."""

    def __init__(self) -> None:
        super().__init__("monofuse")
        for name, default in PARAMETERS.items():
            self.declare_parameter(name, default)
        self.core, self.mailbox, self.latency = Core(self._make_slam), Mailbox(), Latency()
        kind = CompressedImage if self._of("compressed") else Image
        topic = "image/compressed" if self._of("compressed") else "image"
        self.create_subscription(kind, topic, self._on_image, qos_profile_sensor_data)
        self.create_subscription(CameraInfo, "camera_info", self._on_camera_info, qos_profile_sensor_data)
        self.pose = self.create_publisher(PoseStamped, "~/pose", 10)
        self.odometry = self.create_publisher(Odometry, "~/odometry", 10)
        self.path = self.create_publisher(Path, "~/path", 1)
        self.points = self.create_publisher(PointCloud2, "~/points", 1)
        self.depth = self.create_publisher(Image, "~/depth/image", qos_profile_sensor_data)
        self.depth_info = self.create_publisher(CameraInfo, "~/depth/camera_info", qos_profile_sensor_data)
        self.tf = TransformBroadcaster(self)
        for name, answer in (("save", self._save), ("reset", self._reset), ("localise", self._localise)):
            self.create_service(Trigger, f"~/{name}", answer)
        self.create_timer(self._of("points_every_s"), self._publish_map)
        self.create_timer(10.0, lambda: self.get_logger().info(self.latency.describe(self.mailbox.dropped)))
        self.worker = threading.Thread(target=self._work, daemon=True)
        self.worker.start()

    def _of(self, name):
        return self.get_parameter(name).value

    def _make_slam(self, camera):
        config = SlamConfig.for_network()
        for setting in filter(None, self._of("settings")):
            config = with_setting(config, *setting.split("=", 1))
        mask = None if self._of("mask") == "auto" else self._of("mask")
        slam = Slam(camera, depth=self._of("depth"), config=config, final=False, mask=mask)
        slam.warm_up()
        return slam

    def _on_camera_info(self, info):
        try:
            self.core.set_camera(messages.camera_of(info))
        except MonofuseError as error:
            self.get_logger().error(str(error), once=True)

    def _on_image(self, message):
        self.mailbox.put((message, time.monotonic()))

    def _work(self):
        while (item := self.mailbox.take()) is not None:
            message, arrived_s = item
            try:
                output = self.core.process(rgb_of(message, "image"), messages.stamp_ns(message.header.stamp))
            except MonofuseError as error:
                self.get_logger().error(str(error), throttle_duration_sec=5.0)
                continue
            if output is not None:
                self._publish(output, self._of("camera_frame") or message.header.frame_id)
                self.latency.add(time.monotonic() - arrived_s)

    def _publish(self, output: Output, camera_frame: str) -> None:
        if output.T_map_cam is None:
            return
        pose, odometry = PoseStamped(), Odometry()
        messages.set_stamp(pose.header, output.stamp_ns, self._of("map_frame"))
        messages.fill_pose(pose.pose, output.T_map_cam)
        self.pose.publish(pose)
        odometry.header, odometry.pose.pose, odometry.child_frame_id = pose.header, pose.pose, camera_frame
        if output.velocity:
            messages.fill_twist(odometry.twist.twist, *output.velocity)
        self.odometry.publish(odometry)
        if self._of("publish_tf"):
            transform = TransformStamped()
            transform.header, transform.child_frame_id = pose.header, camera_frame
            messages.fill_transform(transform.transform, output.T_map_cam)
            self.tf.sendTransform(transform)
        if output.depth_m is not None:
            image, info = Image(), CameraInfo()
            for header in (image.header, info.header):
                messages.set_stamp(header, output.stamp_ns, camera_frame)
            messages.fill_depth(image, output.depth_m)
            messages.fill_camera_info(info, output.depth_camera)
            self.depth.publish(image)
            self.depth_info.publish(info)

    def _publish_map(self):
        found, path = self.core.points(), Path()
        if found is None or not self.core.path:
            return
        stamp_ns = self.core.path[-1][0]
        messages.set_stamp(path.header, stamp_ns, self._of("map_frame"))
        for time_ns, T_map_cam in list(self.core.path):
            pose = PoseStamped()
            messages.set_stamp(pose.header, time_ns, self._of("map_frame"))
            messages.fill_pose(pose.pose, T_map_cam)
            path.poses.append(pose)
        self.path.publish(path)
        cloud = PointCloud2()
        messages.set_stamp(cloud.header, stamp_ns, self._of("map_frame"))
        messages.fill_cloud(cloud, PointField, *found)
        self.points.publish(cloud)

    def _save(self, _, response):
        try:
            response.message, response.success = self.core.save(self._of("output")), True
        except MonofuseError as error:
            response.message, response.success = str(error), False
        return response

    def _reset(self, _, response):
        self.core.reset()
        response.success, response.message = True, "a new map begins with the next image"
        return response

    def _localise(self, _, response):
        response.success, response.message = self.core.localise()
        return response

    def destroy_node(self) -> None:
        """End the thread that works, too."""
        self.mailbox.close()
        self.worker.join(timeout=10)
        super().destroy_node()


def main() -> None:
    """What `ros2 run monofuse_ros slam` starts."""
    rclpy.init()
    node = SlamNode()
    try:
        rclpy.spin(node)
    except KeyboardInterrupt:
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
