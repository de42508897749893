"""As much of ROS 2 as the node touches: messages whose fields come into being when they are used, and a Node that
remembers what it publishes. It stands in for packages that few machines have."""

import sys
from types import ModuleType, SimpleNamespace

MESSAGES = {"geometry_msgs.msg": ("PoseStamped", "TransformStamped"), "nav_msgs.msg": ("Odometry", "Path"),
            "sensor_msgs.msg": ("CameraInfo", "CompressedImage", "Image", "PointCloud2", "PointField"),
            "std_srvs.srv": ("Trigger",)}


class Message:
    """Any message: a field that was not set is a message, too."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = [] if name == "poses" else Message()
        setattr(self, name, value)
        return value


class Node:
    parameters = {}  # noqa: RUF012 (set by a test before a node is made)

    def __init__(self, name):
        self.published, self.services, self.values = {}, {}, {}

    def declare_parameter(self, name, default):
        self.values[name] = self.parameters.get(name, default)

    def get_parameter(self, name):
        return SimpleNamespace(value=self.values[name])

    def create_subscription(self, kind, topic, callback, qos):
        self.services[topic] = callback

    def create_publisher(self, kind, topic, qos):
        self.published[topic] = []
        return SimpleNamespace(publish=self.published[topic].append)

    def create_service(self, kind, name, answer):
        self.services[name] = lambda: answer(None, Message())

    def create_timer(self, seconds, callback):
        pass

    def get_logger(self):
        return SimpleNamespace(info=lambda *_, **__: None, error=lambda text, **_: self.published.setdefault(
            "errors", []).append(text))

    def destroy_node(self):
        pass


class TransformBroadcaster:
    def __init__(self, node):
        node.published["tf"] = []
        self.sendTransform = node.published["tf"].append


def install(monkeypatch):
    """Make the modules importable for as long as a test lasts."""
    def module(name, **content):
        made = ModuleType(name)
        made.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, made)

    module("rclpy", init=None, spin=None, try_shutdown=None)
    module("rclpy.node", Node=Node)
    module("rclpy.qos", qos_profile_sensor_data=10)
    module("tf2_ros", TransformBroadcaster=TransformBroadcaster)
    for name, kinds in MESSAGES.items():
        module(name.partition(".")[0])
        module(name, **{kind: type(kind, (Message,), {}) for kind in kinds})
