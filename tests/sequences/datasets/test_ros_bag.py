"""Bags of ROS 1 and 2, written by rosbags: images of every kind, several cameras, depth, damage."""

import sqlite3
import time
from contextlib import closing

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError, SourceError
from calib.geometry.camera import Camera
from sequences.catalogue import open_sequence
from sequences.datasets.ros_bag import RosBag
from sequences.sequence import SourceOptions
from tests.helpers.tiny_recordings import picture, write_camera

rosbags = pytest.importorskip("rosbags")
from rosbags import rosbag1, rosbag2
from rosbags.typesys import Stores, get_typestore

SIZE = 24, 32
START_NS = 1_700_000_000_000_000_000
COLOUR, DEPTH = "/camera/color/image_raw", "/camera/aligned_depth_to_color/image_raw"
DISTORTION = [-0.1, 0.01, 0.001, -0.002, 0.0]
ENCODED = {
    "rgb8": lambda rgb: rgb, "bgr8": lambda rgb: rgb[..., ::-1], "mono8": lambda rgb: rgb[..., 1],
    "bgra8": lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA),
    "mono16": lambda rgb: rgb[..., 1].astype(np.uint16) << 8}


class Bag:
    """Writes messages into a bag of either kind."""

    def __init__(self, path):
        self.is2 = path.suffix != ".bag"
        self.types = get_typestore(Stores.ROS2_HUMBLE if self.is2 else Stores.ROS1_NOETIC)
        if self.is2:
            plugin = rosbag2.StoragePlugin.MCAP if path.suffix == ".mcap" else rosbag2.StoragePlugin.SQLITE3
            self.writer = rosbag2.Writer(path.with_suffix(""), version=9, storage_plugin=plugin)
        else:
            self.writer = rosbag1.Writer(path)
        self.connections = {}

    def __enter__(self):
        self.writer.open()
        return self

    def __exit__(self, *error):
        self.writer.close()

    def put(self, topic, kind, time_ns, **fields):
        kind = f"sensor_msgs/msg/{kind}"
        if topic not in self.connections:
            self.connections[topic] = self.writer.add_connection(topic, kind, typestore=self.types)
        message = self.types.types[kind](header=self.header(time_ns), **fields)
        data = (self.types.serialize_cdr if self.is2 else self.types.serialize_ros1)(message, kind)
        self.writer.write(self.connections[topic], time_ns + 7_000_000, data)

    def header(self, time_ns):
        stamp = self.types.types["builtin_interfaces/msg/Time"](sec=time_ns // 10**9, nanosec=time_ns % 10**9)
        more = {} if self.is2 else {"seq": 0}
        return self.types.types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera", **more)

    def image(self, topic, time_ns, encoding, pixels, padding=0):
        rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(len(pixels), -1)
        rows = np.pad(rows, ((0, 0), (0, padding)))
        self.put(topic, "Image", time_ns, height=pixels.shape[0], width=pixels.shape[1], encoding=encoding,
                 is_bigendian=0, step=rows.shape[1], data=rows.ravel())

    def compressed(self, topic, time_ns, form, data):
        self.put(topic, "CompressedImage", time_ns, format=form, data=np.frombuffer(data, np.uint8))

    def info(self, topic, time_ns, fx=30.0):
        names = ("D", "K", "R", "P") if not self.is2 else ("d", "k", "r", "p")
        values = (np.array(DISTORTION), np.array([fx, 0, 15.5, 0, 31, 11.5, 0, 0, 1.0]), np.eye(3).ravel(),
                  np.array([28.0, 0, 15, 0, 0, 28, 11, 0, 0, 0, 1, 0]))
        roi = self.types.types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False)
        self.put(topic, "CameraInfo", time_ns, height=24, width=32, distortion_model="plumb_bob", binning_x=0,
                 binning_y=0, roi=roi, **dict(zip(names, values)))


def write(path, encoding="rgb8", topic=COLOUR, with_info=True, more=lambda bag, k, time_ns: None):
    with Bag(path) as bag:
        for k in range(5):
            time_ns = START_NS + 50_000_000 * k
            if with_info:
                bag.info(topic.rsplit("/", 1)[0] + "/camera_info", time_ns)
            bag.image(topic, time_ns, encoding, ENCODED[encoding](picture(k, SIZE)), padding=5)
            more(bag, k, time_ns)
    return path if path.exists() else path.with_suffix("")


def opened(path, **options):
    return open_sequence(str(path), SourceOptions(**options))


@pytest.mark.parametrize("name", ["walk.bag", "walk.db3", "walk.mcap"])
def test_images_times_and_camera(tmp_path, name):
    path = write(tmp_path / name)
    for place in [path, *([next(path.glob("walk*"))] if path.is_dir() else [])]:
        sequence = opened(place)
        frames = list(sequence)
        assert isinstance(sequence, RosBag) and sequence.frame_count == len(frames) == 5
        assert all(np.array_equal(frame.rgb, picture(k, SIZE)) for k, frame in enumerate(frames))
        assert np.allclose([frame.timestamp_s for frame in frames], START_NS * 1e-9 + 0.05 * np.arange(5), atol=1e-6)
        assert sequence.camera == Camera(32, 24, 30, 31, 15.5, 11.5, tuple(DISTORTION)) and not sequence.skipped.reasons
        assert len(list(opened(place, max_frames=2))) == 2


@pytest.mark.parametrize("encoding", ENCODED)
def test_encodings(tmp_path, encoding):
    rgb = next(iter(opened(write(tmp_path / "walk.bag", encoding)))).rgb
    expected = picture(0, SIZE) if "mono" not in encoding else np.repeat(picture(0, SIZE)[..., 1:2], 3, axis=2)
    assert np.array_equal(rgb, expected)


def test_compressed_images_and_depth(tmp_path):
    with Bag(tmp_path / "walk.bag") as bag:
        for k in range(5):
            time_ns = START_NS + 50_000_000 * k
            depth = cv2.imencode(".png", np.full(SIZE, 1500 + k, np.uint16))[1].tobytes()
            bag.compressed("/camera/depth/image_rect/compressedDepth", time_ns - 9_000_000, "16UC1; compressedDepth",
                           bytes(12) + depth)
            bag.compressed("/camera/rgb/image_color/compressed", time_ns, "jpeg",
                           cv2.imencode(".png", picture(k, SIZE)[..., ::-1])[1].tobytes())
            bag.info("/camera/rgb/camera_info", time_ns)
    sequence = opened(tmp_path / "walk.bag", depth_every=1)
    frames = list(sequence)
    assert all(np.array_equal(frame.rgb, picture(k, SIZE)) for k, frame in enumerate(frames))
    assert [float(frame.sensor_depth.depth_m[0, 0]) for frame in frames] == pytest.approx(
        [1.5 + 0.001 * k for k in range(5)])


def test_depth_that_lies_on_the_images(tmp_path):
    def more(bag, k, time_ns):
        bag.image(DEPTH, time_ns + 3_000_000, "16UC1", np.full(SIZE, 1000 + k, np.uint16))
        bag.image("/camera/depth/image_raw", time_ns, "16UC1", np.full(SIZE, 9999, np.uint16))
    path = write(tmp_path / "walk.db3", more=more)
    frames = list(opened(path, depth_every=1))
    assert [float(frame.sensor_depth.depth_m[0, 0]) for frame in frames] == pytest.approx(
        [1 + 0.001 * k for k in range(5)])
    assert all(frame.sensor_depth is None for frame in opened(path))


def test_one_of_several_cameras(tmp_path):
    def more(bag, k, time_ns):
        bag.image("/camera/infra1/image_raw", time_ns, "mono8", picture(0, SIZE)[..., 0])
        bag.image("/rear/image_rect", time_ns, "rgb8", picture(9, SIZE))
        bag.info("/rear/camera_info", time_ns)
    path, told = write(tmp_path / "walk.bag", more=more), []
    assert opened(path, tell=told.append).topic == COLOUR and "/rear/image_rect" in told[0] and "--topic" in told[0]
    rear = opened(path, topic="/rear/image_rect")
    assert np.array_equal(next(iter(rear)).rgb, picture(9, SIZE))
    assert rear.camera == Camera(32, 24, 28, 28, 15, 11), "rectified already: the projection is its camera"
    with pytest.raises(SourceError, match="no images under /front; it has /camera/color/image_raw, /camera/infra1"):
        opened(path, topic="/front")


def test_a_camera_from_a_file_where_the_bag_has_none(tmp_path):
    path = write(tmp_path / "walk.bag", with_info=False)
    with pytest.raises(CalibrationError, match="walk.yaml: pixels alone do not tell the camera"):
        opened(path)
    write_camera(tmp_path / "walk.yaml")
    assert opened(path).camera.fx == 30 or opened(path).camera.size == SIZE
    with pytest.raises(SourceError, match="has no depth images"):
        opened(path, depth_every=1)


def test_damaged_bags(tmp_path):
    for name in ("walk.bag", "walk.mcap"):
        path = write(tmp_path / name)
        path = next(path.glob("*.mcap")) if path.is_dir() else path
        data = path.read_bytes()
        for share in (0.02, 0.3, 0.6, 0.95):
            path.write_bytes(data[: int(share * len(data))])
            with pytest.raises(SourceError) as caught:
                list(opened(path))
            assert "\n" not in str(caught.value) and path.name in str(caught.value)


@pytest.mark.parametrize("old, new", [("message_count: 5", "message_count: many"), (f"name: {COLOUR}", "name: 7"),
                                      ("version: 9", "version: " + "[" * 1000)])
def test_metadata_that_make_no_sense(tmp_path, old, new):
    path = write(tmp_path / "walk.mcap")
    text = (path / "metadata.yaml").read_text()
    assert old in text
    (path / "metadata.yaml").write_text(text.replace(old, new))
    with pytest.raises(SourceError, match="cannot be opened as a bag of ROS"):
        opened(path)


def test_profiles_of_topics_that_take_minutes_to_read(tmp_path):
    path = write(tmp_path / "walk.db3")
    with closing(sqlite3.connect(next(path.glob("*.db3")))) as connection, connection:
        connection.execute("UPDATE topics SET offered_qos_profiles = ?", ("[" * 100_000,))
    start_s = time.monotonic()
    with pytest.raises(SourceError, match="nested too deeply"):
        opened(path)
    assert time.monotonic() - start_s < 5
