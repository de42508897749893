"""The node with ROS itself, in a process of its own: what is published to it and what it answers go through DDS.

    pip install ros-kilted-rclpy ros-kilted-rmw-fastrtps-cpp ros-kilted-{geometry,sensor,nav}-msgs ros-kilted-std-srvs
"""

import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest

from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from slam.evaluation import absolute_error
from tests.helpers.paths import ROOT

FRAMES = 40
PATIENCE_S = 300
NS = 10**9
START_NS = 1_700_000_000 * NS
PACKAGE = ROOT / "ros2" / "monofuse_ros"
TF2_ROS = '''
from geometry_msgs.msg import TransformStamped

class TransformBroadcaster:
    """tf2_ros is in no index of Python's: what the node sends goes out as it is."""

    def __init__(self, node):
        self.sendTransform = node.create_publisher(TransformStamped, "/tf_alone", 100).publish
'''


class Robot:
    """A node that has a camera, and keeps what comes back."""

    def __init__(self):
        import rclpy
        from geometry_msgs.msg import PoseStamped, TransformStamped
        from nav_msgs.msg import Odometry, Path
        from rclpy.qos import qos_profile_sensor_data
        from sensor_msgs.msg import CameraInfo, Image, PointCloud2
        self.node = rclpy.create_node("robot")
        self.image = self.node.create_publisher(Image, "/camera/image", qos_profile_sensor_data)
        self.info = self.node.create_publisher(CameraInfo, "/camera/camera_info", qos_profile_sensor_data)
        self.got = {}
        for kind, name, quality in ((PoseStamped, "pose", 10), (Odometry, "odometry", 10), (Path, "path", 1),
                                    (PointCloud2, "points", 1), (Image, "depth/image", qos_profile_sensor_data),
                                    (CameraInfo, "depth/camera_info", qos_profile_sensor_data)):
            self.got[name] = []
            self.node.create_subscription(kind, f"/monofuse/{name}", self.got[name].append, quality)
        self.got["tf"] = []
        self.node.create_subscription(TransformStamped, "/tf_alone", self.got["tf"].append, 100)

    def spin_until(self, condition, seconds):
        """Whether it came true."""
        import rclpy
        deadline_s = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline_s:
            rclpy.spin_once(self.node, timeout_sec=0.02)
        return condition()

    def show(self, camera, frame):
        """Publish an image with its camera_info."""
        from monofuse_ros.messages import fill_camera_info, set_stamp
        from sensor_msgs.msg import CameraInfo, Image
        image, info = Image(), CameraInfo()
        for header in (image.header, info.header):
            set_stamp(header, START_NS + round(NS * frame.timestamp_s), "optical")
        image.height, image.width, image.encoding, image.step = *frame.rgb.shape[:2], "rgb8", 3 * frame.rgb.shape[1]
        image.data = frame.rgb.tobytes()
        fill_camera_info(info, camera)
        self.info.publish(info)
        self.image.publish(image)

    def ask(self, name):
        """-> (success, message) of a service"""
        from std_srvs.srv import Trigger
        client = self.node.create_client(Trigger, f"/monofuse/{name}")
        assert client.wait_for_service(PATIENCE_S)
        answer = client.call_async(Trigger.Request())
        assert self.spin_until(answer.done, PATIENCE_S), name
        return answer.result().success, answer.result().message


@pytest.fixture
def robot(monkeypatch):
    rclpy = pytest.importorskip("rclpy")
    monkeypatch.syspath_prepend(str(PACKAGE))
    monkeypatch.setenv("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    rclpy.init()
    made = Robot()
    yield made
    made.node.destroy_node()
    rclpy.shutdown()


@pytest.fixture
def slam(robot, kernels, tmp_path):
    """The node's process."""
    paths = [str(ROOT), str(PACKAGE)]
    if find_spec("tf2_ros") is None:
        (tmp_path / "tf2_ros.py").write_text(TF2_ROS)
        paths.append(str(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-c", "from monofuse_ros.node import main; main()", "--ros-args",
         "-r", "image:=/camera/image", "-r", "camera_info:=/camera/camera_info",
         "--params-file", str(PACKAGE / "config" / "monofuse.yaml"), "-p", f"output:={tmp_path / 'saved'}"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)}, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()


@pytest.mark.heavy
def test_a_walk_through_a_room(robot, slam, tmp_path):
    sequence = open_sequence("synthetic:seed=1", SourceOptions(max_frames=FRAMES))
    frames, got = list(sequence), robot.got
    assert robot.spin_until(lambda: robot.image.get_subscription_count() and robot.info.get_subscription_count(),
                            PATIENCE_S), "the node does not come"
    for count, frame in enumerate(frames, 1):
        robot.show(sequence.camera, frame)
        # The first image waits for the network, and for the camera_info, which another topic brings.
        while not robot.spin_until(lambda: len(got["pose"]) >= count, 5):  # noqa: B023 (is called here)
            assert slam.poll() is None, slam.stderr.read()
            robot.show(sequence.camera, frame)
    assert robot.spin_until(lambda: got["path"] and len(got["path"][-1].poses) == FRAMES, PATIENCE_S)

    poses = [message.pose.position for message in got["pose"]]
    assert [NS * m.header.stamp.sec + m.header.stamp.nanosec for m in got["pose"]] == [
        START_NS + round(NS * frame.timestamp_s) for frame in frames]
    assert len(got["odometry"]) == len(got["tf"]) == FRAMES and got["tf"][0].child_frame_id == "optical"
    error_m, _ = absolute_error(np.array([(p.x, p.y, p.z) for p in poses]),
                                np.array([frame.T_world_cam_true[:3, 3] for frame in frames]), with_scale=True)
    assert error_m < 0.05
    depth, info = got["depth/image"][-1], got["depth/camera_info"][-1]
    seen = np.frombuffer(depth.data, "<f4").reshape(depth.height, depth.width)
    assert (info.width, info.height) == (depth.width, depth.height) and np.isfinite(seen).mean() > 0.5
    cloud = got["points"][-1]
    assert cloud.width > 1000 and [field.name for field in cloud.fields] == ["x", "y", "z", "rgb"]

    success, message = robot.ask("localise")
    assert success and message.startswith("tracked at x ")
    assert robot.ask("save")[0] and len((tmp_path / "saved" / "trajectory.txt").read_text().split("\n")) >= FRAMES
    assert robot.ask("reset")[0] and robot.ask("localise")[1] == "waiting for images"
    slam.send_signal(signal.SIGINT)
    _, said = slam.communicate(timeout=60)
    assert slam.returncode == 0 and "Traceback" not in said, said
