"""Bags of ROS 1 (.bag) and ROS 2 (.db3, .mcap, or their folder with metadata.yaml), read by the package rosbags.

One camera's images are taken, raw or compressed, with the times in their headers, and its camera_info; depth images
that lie on them are used, if there are any. `--topic` says which of several cameras.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from calib.base.errors import CalibrationError, MissingPackageError, SourceError, one_line
from calib.files.image_file import UnreadableImage
from calib.files.time_order import left_out, stray_ones
from calib.formats.ros import camera_in_message
from calib.geometry.camera import Camera
from sequences.checks import depth_on_colour, find_calibration, refuse_sensor_depth
from sequences.datasets.ros_image import depth_m_of, is_depth, rgb_of
from sequences.datasets.ros_metadata import check_metadata
from sequences.frame import Frame
from sequences.sequence import Sequence, SkipLog, SourceOptions

LAYOUT = "a bag of ROS (.bag, .db3, .mcap, or a folder with metadata.yaml)"
MAGIC = (b"#ROSBAG V2", b"SQLite format 3", b"\x89MCAP0")
REALSENSE = b"/device_0/"
"""In the names of all topics that RealSense's own recorder writes."""
SEARCHED_BYTES = 1 << 20
IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
WANTED = ("color", "colour", "rgb", "left", "cam0", "image")
UNWANTED = ("infra", "ir/", "right", "cam1", "mask", "theora")
"""In names of topics: of the camera that is taken where there are several, the first best; and of others."""
MAX_DEPTH_OFFSET_S = 0.02
DEPTH_WAITING = 8
"""Colour images that wait for their depth."""


def recognises(path: str | Path) -> bool:
    """Whether this is a bag of ROS, and none of RealSense's own."""
    files = _bag_files(Path(path))
    return bool(files) and not _is_of_realsense(files[0])


class RosBag(Sequence):
    """The images of one camera in a bag."""

    def __init__(self, location: str | Path, options: SourceOptions):
        self.place, self.options, self.skipped = Path(location), options, SkipLog()
        if not _bag_files(self.place):
            raise SourceError(f"{self.place} is no bag: expected {LAYOUT}")
        self.name = self.place.stem
        with _opened(self.place) as reader:
            self.topic, depth_topic = self._chosen(reader)
            self.depth_topic = depth_topic if options.depth_every else None
            self.has_depth = bool(self.depth_topic)
            size = self._first(reader, self.topic, rgb_of).shape[:2]
            if options.depth_every == 1 and not self.depth_topic:
                refuse_sensor_depth(options, f"{self.place}, topic {self.topic},")
            self.camera = self._camera(reader, size)
            count = sum(connection.msgcount for connection in reader.connections if connection.topic == self.topic)
        self.frame_count = min(count, options.max_frames or count)

    def __iter__(self) -> Iterator[Frame]:
        with _opened(self.place) as reader:
            for index, (time_s, (message, depth), is_stray) in enumerate(stray_ones(self._paired(reader))):
                if index == self.frame_count:
                    return
                place = f"{self.place}, {self.topic} at {time_s:.3f} s"
                if is_stray:
                    self.skipped.add(left_out(f"{self.place}, {self.topic}", time_s))
                    continue
                try:
                    rgb = rgb_of(message, place)
                except UnreadableImage as reason:
                    self.skipped.add(str(reason))
                    continue
                if rgb.shape[:2] != self.camera.size:
                    raise SourceError(f"{place} is {rgb.shape[1]}x{rgb.shape[0]} but the images before it are "
                                      f"{self.camera.width}x{self.camera.height}: one sequence has one image size")
                yield Frame(index, time_s, rgb, sensor_depth=self._depth_image(index, depth, place))

    def _paired(self, reader):
        """(time_s, (message, message of depth or None)), each colour image with the depth nearest in time."""
        waiting, depths = deque(), deque(maxlen=2 * DEPTH_WAITING)
        for topic, time_s, message in self._messages(reader, self.topic, self.depth_topic):
            if topic == self.depth_topic:
                depths.append((time_s, message))
            else:
                waiting.append((time_s, message))
            while waiting and (not self.depth_topic or len(waiting) > DEPTH_WAITING
                               or (depths and depths[-1][0] >= waiting[0][0] + MAX_DEPTH_OFFSET_S)):
                yield self._with_depth(waiting.popleft(), depths)
        while waiting:
            yield self._with_depth(waiting.popleft(), depths)

    def _with_depth(self, entry, depths):
        time_s, message = entry
        nearest = min(depths, key=lambda depth: abs(depth[0] - time_s), default=(float("inf"), None))
        return time_s, (message, nearest[1] if abs(nearest[0] - time_s) <= MAX_DEPTH_OFFSET_S else None)

    def _depth_image(self, index, message, place):
        if message is None or not self.options.wants_depth(index):
            return None
        try:
            depth_m = depth_m_of(message, f"{place}, depth")
        except UnreadableImage as reason:
            self.skipped.add(str(reason))
            return None
        return depth_on_colour(depth_m, self.camera, f"{place}, depth")

    def _messages(self, reader, *topics):
        """(topic, time_s by the header, message) in the order of the bag."""
        connections = [connection for connection in reader.connections if connection.topic in topics]
        try:
            for connection, time_ns, data in reader.messages(connections=connections):
                message = reader.deserialize(data, connection.msgtype)
                stamp = message.header.stamp
                header_s = stamp.sec + 1e-9 * stamp.nanosec
                yield connection.topic, header_s or 1e-9 * time_ns, message
        except (GeneratorExit, SourceError):
            raise
        except Exception as error:  # of a bag that breaks off, what was before it counts
            self.skipped.add(f"{self.place}: breaks off ({type(error).__name__}: {' '.join(str(error).split())[:80]})")

    def _first(self, reader, topic, decoded):
        """What `decoded` makes of the first message of a topic that can be read. Raises SourceError."""
        reason = f"{self.place}: topic {topic} holds no message"
        for _, _, message in self._messages(reader, topic):
            try:
                return decoded(message, f"{self.place}, {topic}")
            except UnreadableImage as error:
                reason = str(error)
        raise SourceError(reason)

    def _chosen(self, reader):
        """-> topic of images, and that of the depth that lies on them, or None. Raises SourceError."""
        counts = {connection.topic: connection.msgcount for connection in reader.connections
                  if connection.msgtype in IMAGES and connection.msgcount}
        wanted = self.options.topic
        if wanted and wanted not in counts:
            raise SourceError(f"{self.place} has no images under {wanted}; it has {', '.join(counts) or 'none at all'}")
        depths = [topic for topic in counts if topic != wanted and self._is_depth(reader, topic)]
        pictures = [topic for topic in counts if topic not in depths]
        if not pictures:
            raise SourceError(f"{self.place} has no pictures: its topics are "
                              f"{', '.join(sorted({c.topic for c in reader.connections})[:8])}")
        topic = wanted or min(pictures, key=_preference)
        if len(pictures) > 1 and not wanted:
            self.options.tell(f"topic      {topic}; also in the bag: "
                              f"{', '.join(other for other in pictures if other != topic)} (--topic)")
        registered = [depth for depth in depths if "align" in depth or "regist" in depth or "compressedDepth" in depth]
        if depths and not registered and self.options.depth_every:
            self.options.tell(f"depth      {depths[0]}, taken to lie on {topic}: its name does not say so")
        return topic, next(iter(registered or depths), None)

    def _is_depth(self, reader, topic):
        if "depth" in topic.lower():
            return True
        connections = [connection for connection in reader.connections if connection.topic == topic]
        try:
            for connection, _, data in reader.messages(connections=connections):
                return is_depth(reader.deserialize(data, connection.msgtype))
        except Exception:  # of a damaged message any: what it is, is told when it is read
            pass
        return False

    def _camera(self, reader, size) -> Camera:
        """The user's, that of the topic's camera_info, or that of a file beside the bag. Raises CalibrationError."""
        if self.options.calibration_file is None:
            namespace = _namespace(self.topic)
            infos = sorted((connection.topic for connection in reader.connections
                            if connection.msgtype == CAMERA_INFO and connection.msgcount),
                           key=lambda topic: (_namespace(topic) != namespace, topic))
            if infos and (_namespace(infos[0]) == namespace or len(infos) == 1):
                _, _, message = next(self._messages(reader, infos[0]), (None, None, None))
                if message is None:
                    raise CalibrationError(f"{self.place}, {infos[0]}: its first message cannot be read")
                return self._from_message(message, infos[0]).fitted_to(size)
        own = self.place / "calibration.yaml" if self.place.is_dir() else self.place.with_suffix(".yaml")
        return find_calibration(self.options, own).camera.fitted_to(size)

    def _from_message(self, message, topic) -> Camera:
        fields = {name.lower(): value for name, value in asdict(message).items()}
        rectified = "rect" in self.topic.rsplit("/", 2)[-1] or "/image_rect" in self.topic
        fields["k"] = [float(value) for value in fields["k"]]
        fields["d"] = [float(value) for value in fields["d"]]
        if rectified and any(fields["p"]):
            fields["k"] = [float(value) for value in fields["p"].reshape(3, 4)[:, :3].ravel()]
            fields["d"], fields["distortion_model"] = [], "plumb_bob"
        try:
            return camera_in_message(fields)
        except CalibrationError as error:
            raise CalibrationError(f"{self.place}, {topic}: {error}") from error


@contextmanager
def _opened(place: Path) -> Iterator[Any]:
    """The bag, open. Raises SourceError."""
    try:
        from rosbags.highlevel import AnyReader, AnyReaderError
        from rosbags.typesys import Stores, get_typestore
    except ImportError:
        raise MissingPackageError("rosbags", "a bag of ROS") from None
    check_metadata(place)
    try:
        reader = AnyReader([place])
        try:
            reader.open()
        except AnyReaderError as error:  # bags of older ROS 2 do not say what their messages are
            if "type definitions" not in str(error):
                raise
            reader = AnyReader([place], default_typestore=get_typestore(Stores.ROS2_HUMBLE))
            reader.open()
        if not all(isinstance(connection.msgcount, int) for connection in reader.connections):
            raise ValueError("its metadata count messages by what is no number")
        if not all(isinstance(name, str) for each in reader.connections for name in (each.topic, each.msgtype)):
            raise ValueError("its metadata call topics or types by what is no name")
    except Exception as error:  # of damaged bags any
        raise SourceError(f"{place} cannot be opened as a bag of ROS: {one_line(error, 150)}; "
                          f"is it whole? (`rosbag reindex` mends ROS 1 bags that were cut off)") from error
    try:
        yield reader
    finally:
        reader.close()


def _bag_files(path):
    """Files of the bag: itself, or those of a folder with metadata.yaml."""
    if path.is_dir():
        files = sorted([*path.glob("*.db3"), *path.glob("*.mcap")]) if (path / "metadata.yaml").is_file() else []
        return [file for file in files if file.is_file()]
    if not path.is_file():
        return []
    with path.open("rb") as file:
        begins = file.read(16)
    is_bag = begins.startswith(MAGIC) and (not begins.startswith(MAGIC[1]) or path.suffix == ".db3")
    return [path] if is_bag else []


def _is_of_realsense(file):
    with file.open("rb") as content:
        head = content.read(SEARCHED_BYTES)
        content.seek(max(0, file.stat().st_size - SEARCHED_BYTES))
        return REALSENSE in head or REALSENSE in content.read(SEARCHED_BYTES)


def _preference(topic):
    """Sorts topics by how much they look like the camera to take."""
    name = topic.lower()
    rank = next((rank for rank, word in enumerate(WANTED) if word in name), len(WANTED))
    return any(word in name for word in UNWANTED), rank, "compressed" in name, name


def _namespace(topic):
    """/camera/color/image_raw/compressed, /camera/color/camera_info -> /camera/color"""
    parts = topic.split("/")
    if parts[-1] in ("compressed", "compressedDepth"):
        parts = parts[:-1]
    return "/".join(parts[:-1])
