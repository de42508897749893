"""The node's logic with a real SLAM system, and the node itself on a stand-in for ROS."""

import ast
import sys
import threading
import time
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

from calib.base.errors import CalibrationError
from monofuse import Slam, SlamConfig
from tests.helpers import fake_ros, scenes
from tests.helpers.paths import ROOT

START_NS = 1_700_000_000_123_456_789


@pytest.fixture(autouse=True)
def package(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "ros2" / "monofuse_ros"))


@pytest.fixture(scope="module")
def pictures():
    """[(rgb, depth_m, T_world_cam)] of a walk through the box."""
    return [(*scenes.picture(T), T) for T in scenes.walk(6)]


@pytest.fixture
def make_slam(kernels, pictures):
    """As the node makes it, with a network that knows the depth of each picture."""
    depths = {rgb.tobytes(): depth_m for rgb, depth_m, _ in pictures}
    return lambda camera: Slam(camera, depth=lambda rgb: depths[rgb.tobytes()], final=False,
                               config=SlamConfig.for_network())


@pytest.fixture
def core(make_slam):
    from monofuse_ros.core import Core
    return Core(make_slam)


def outputs(core, pictures):
    core.set_camera(scenes.CAMERA)
    return [core.process(rgb, START_NS + k * 33_333_333) for k, (rgb, _, _) in enumerate(pictures)]


def test_poses_have_the_axes_of_ros_and_the_time_of_the_header(core, pictures):
    found = outputs(core, pictures)
    assert [output.status for output in found] == 6 * ["tracked"]
    assert found[5].stamp_ns == START_NS + 5 * 33_333_333
    T_first_cam = np.linalg.inv(pictures[0][2]) @ pictures[5][2]
    x, y, z = T_first_cam[:3, 3]
    assert np.allclose(found[5].T_map_cam[:3, 3], [z, -x, -y], atol=0.02)
    assert np.allclose(found[0].T_map_cam[:3, :3] @ [0, 0, 1], [1, 0, 0], atol=1e-6), "the camera looks along x"


def test_every_image_has_depth_and_keyframes_have_their_own(core, pictures):
    found = outputs(core, pictures)
    assert found[0].is_keyframe and not all(output.is_keyframe for output in found)
    for output, (_, depth_m, _) in zip(found, pictures):
        step = len(depth_m) // output.depth_camera.height
        exact, known = depth_m[::step, ::step], output.depth_m > 0
        assert known.mean() > 0.6
        assert np.median(np.abs(output.depth_m - exact)[known] / exact[known]) < 0.05


def test_velocity_is_that_of_the_camera(core, pictures):
    found = outputs(core, pictures)
    linear, angular = found[4].velocity
    moved = np.linalg.norm(found[4].T_map_cam[:3, 3] - found[3].T_map_cam[:3, 3])
    assert np.linalg.norm(linear) == pytest.approx(moved * 30, rel=0.01) and np.linalg.norm(angular) < 2
    assert found[0].velocity is None


def test_without_a_camera_or_out_of_order_nothing_comes(core, pictures):
    assert core.process(pictures[0][0], START_NS) is None and core.points() is None
    assert core.localise() == (False, "waiting for images")
    outputs(core, pictures)
    assert core.process(pictures[0][0], START_NS) is None


def test_save_localise_reset(core, pictures, tmp_path):
    assert core.save(str(tmp_path / "a")) == "there is nothing to save yet"
    outputs(core, pictures)
    is_known, text = core.localise()
    assert is_known and text.startswith("tracked at x ")
    points, colours = core.points()
    assert points.shape == colours.shape and points.dtype == np.float32 and len(points) > 1000
    core.reset()
    assert core.points() is None and core.path == []
    assert core.process(pictures[0][0], START_NS).is_keyframe


def test_the_newest_image_is_taken_and_drops_are_counted():
    from monofuse_ros.mailbox import Mailbox
    box = Mailbox()
    for k in range(3):
        box.put(k)
    assert box.take() == 2 and box.dropped == 2
    waiting = threading.Thread(target=lambda: box.take())
    waiting.start()
    box.close()
    waiting.join(5)
    assert not waiting.is_alive() and box.take() is None


def test_latency_is_told():
    from monofuse_ros.latency import Latency
    latency = Latency()
    assert "waiting" in latency.describe(0)
    for seconds in (0.010, 0.020, 0.030):
        latency.add(seconds)
    assert latency.describe(4).startswith("3 images, 4 dropped; image to pose 20.0 ms")


def image(rgb, time_ns):
    message = fake_ros.Message()
    message.header.frame_id, (message.header.stamp.sec, message.header.stamp.nanosec) = "cam", divmod(time_ns, 10**9)
    message.encoding, message.is_bigendian, message.data = "rgb8", 0, rgb.ravel()
    message.height, message.width, message.step = *rgb.shape[:2], 3 * rgb.shape[1]
    message.__dict__.pop("format", None)
    return message


class ImageMessage(fake_ros.Message):
    def __getattr__(self, name):
        if name == "format":
            raise AttributeError(name)
        return super().__getattr__(name)


def camera_info(camera):
    from monofuse_ros.messages import fill_camera_info
    info = fake_ros.Message()
    fill_camera_info(info, camera)
    info.binning_x = info.binning_y = info.roi.x_offset = info.roi.y_offset = 0
    return info


@pytest.fixture
def node(monkeypatch, make_slam, pictures, tmp_path):
    fake_ros.install(monkeypatch)
    monkeypatch.setattr(fake_ros.Node, "parameters", {"output": str(tmp_path / "saved")})
    monkeypatch.delitem(sys.modules, "monofuse_ros.node", raising=False)
    from monofuse_ros import node as module
    made = module.SlamNode()
    monkeypatch.setattr(made.core, "_make_slam", make_slam)
    yield made
    made.destroy_node()
    sys.modules.pop("monofuse_ros.node", None)


def feed(node, pictures):
    for k, (rgb, _, _) in enumerate(pictures):
        message = image(rgb, START_NS + k * 33_333_333)
        message.__class__ = ImageMessage
        node.services["image"](message)
        deadline = time.monotonic() + 60
        while node.latency.count < k + 1 and time.monotonic() < deadline:
            time.sleep(0.005)


def test_what_the_node_publishes(node, pictures, tmp_path):
    node.services["camera_info"](camera_info(scenes.CAMERA))
    feed(node, pictures)
    assert "errors" not in node.published
    assert {name: len(node.published[name]) for name in ("~/pose", "~/odometry", "tf", "~/depth/image")} == \
        dict.fromkeys(("~/pose", "~/odometry", "tf", "~/depth/image"), 6)
    pose, transform, depth = node.published["~/pose"][5], node.published["tf"][5], node.published["~/depth/image"][5]
    assert (pose.header.stamp.sec, pose.header.stamp.nanosec) == divmod(START_NS + 5 * 33_333_333, 10**9)
    assert (transform.header.frame_id, transform.child_frame_id, depth.header.frame_id) == ("map", "cam", "cam")
    assert transform.transform.translation.x == pose.pose.position.x
    seen = np.frombuffer(depth.data, "<f4").reshape(depth.height, depth.width)
    assert depth.encoding == "32FC1" and np.isfinite(seen).mean() > 0.6
    node._publish_map()
    (path,), (cloud,) = node.published["~/path"], node.published["~/points"]
    assert len(path.poses) == 6 and [field.name for field in cloud.fields] == ["x", "y", "z", "rgb"]
    assert len(cloud.data) == 16 * cloud.width
    saved = node.services["~/save"]()
    assert not saved.success and "a mesh needs" in saved.message, "six images make no mesh"
    assert (tmp_path / "saved" / "trajectory.txt").is_file() and node.services["~/localise"]().success
    assert node.services["~/reset"]().success and not node.services["~/localise"]().success


def test_a_camera_that_cannot_be_used_is_told(node):
    info = camera_info(scenes.CAMERA)
    info.distortion_model = "unheard of"
    node.services["camera_info"](info)
    assert "unheard of" in node.published["errors"][0]


def test_a_camera_info_becomes_a_camera(package):
    from monofuse_ros.messages import camera_of
    assert camera_of(camera_info(scenes.CAMERA)) == scenes.CAMERA
    info = camera_info(scenes.CAMERA)
    info.binning_x = 2
    with pytest.raises(CalibrationError, match="binning"):
        camera_of(info)


def test_the_package_is_complete(node):
    """What colcon and launch read: the same parameters everywhere, every dependency named."""
    from monofuse_ros.node import PARAMETERS
    folder = ROOT / "ros2" / "monofuse_ros"
    given = yaml.safe_load((folder / "config" / "monofuse.yaml").read_text())["monofuse"]["ros__parameters"]
    assert given == PARAMETERS
    named = {entry.text for entry in ElementTree.parse(folder / "package.xml").iter("exec_depend")}
    imported = {each.module.partition(".")[0] for path in (folder / "monofuse_ros").glob("*.py")
                for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.ImportFrom)}
    assert {name for name in imported if name.endswith("_msgs") or name in ("tf2_ros", "std_srvs", "rclpy")} <= named
    assert (folder / "resource" / "monofuse_ros").is_file()
