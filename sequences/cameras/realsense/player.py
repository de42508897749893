"""Player: colour with the depth that belongs to it, from the streams of a RealSense device."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from calib.geometry.camera import Camera
from calib.geometry.registration import Registration
from sequences.cameras.realsense.library import librealsense
from sequences.cameras.realsense.streams import Streams, kind_of
from sequences.frame import DepthImage

TIMEOUT_MS = 1000
"""How long to wait for a frame before asking whether to go on."""
DENSITY = 0.8
"""Pixels for each reading, along both axes, where readings fall between pixels; more would leave holes."""
QUEUE_LENGTH, MAX_WAITING = 4, 4
"""How many frames may wait to be taken, and how many of a stream for the other one. Together they stay far from the 16
frames of a sensor that librealsense hands out at a time; it drops what comes beyond."""


class Player:
    """Starts streams, and iterates over (colour frame, depth frame or None) until they end.

    A depth frame belongs to the colour frame when it was taken within half an interval of it. Frames come by callbacks
    that wait for room, so that a recording waits as well. librealsense's own syncer would hold frames back while the
    other stream has a gap, until a recording stands still.
    """

    def __init__(self, streams: Streams, wants_depth: bool, goes_on: Callable[[], bool]):
        """`goes_on()`: asked whenever nothing, or nothing but depth, came for TIMEOUT_MS."""
        self.rs = librealsense()
        self.streams, self.goes_on = streams, goes_on
        self.interval_ms = 1e3 / streams.colour[1].fps()
        self.align = self.rs.align(self.rs.stream.color)
        self._arrived, self._stopping = queue.Queue(QUEUE_LENGTH), threading.Event()
        self._composed = self.rs.frame_queue(1)
        self._pair = self._registration = None
        self._composer = self.rs.processing_block(self._compose)
        self._composer.start(self._composed)
        self.sensors = {}
        for sensor, profile in filter(None, (streams.colour, streams.depth if wants_depth else None)):
            name = sensor.get_info(self.rs.camera_info.name)
            self.sensors.setdefault(name, (sensor, []))[1].append(profile)
        self.has_depth = bool(wants_depth and streams.depth)

    def start(self) -> None:
        """Open the sensors and let frames come."""
        for sensor, profiles in self.sensors.values():
            sensor.open(profiles)
            sensor.start(self._take)

    def stop(self) -> None:
        """Close the sensors; one that was unplugged cannot be closed any more."""
        self._stopping.set()
        for sensor, _ in self.sensors.values():
            with suppress(RuntimeError):
                sensor.stop()
                sensor.close()

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        colours, depths = deque(), deque(maxlen=MAX_WAITING)
        asked_s = time.monotonic()
        for frame in self._frames():
            (colours if kind_of(frame.profile) == "color" else depths).append(frame)
            while colours and (self._has_final_depth(colours[0], depths) or len(colours) > MAX_WAITING):
                colour = colours.popleft()
                yield colour, self._depth_of(colour, depths)
                asked_s = time.monotonic()
            if self._arrived.empty() and time.monotonic() - asked_s > 1e-3 * TIMEOUT_MS:
                if not self.goes_on():
                    break
                asked_s = time.monotonic()
        for colour in colours:
            yield colour, self._depth_of(colour, depths)

    def _take(self, frame):
        """Called by librealsense, from a thread for each sensor."""
        while not self._stopping.is_set():
            with suppress(queue.Full):
                self._arrived.put(frame, timeout=0.05)
                return

    def _frames(self):
        while True:
            try:
                yield self._arrived.get(timeout=1e-3 * TIMEOUT_MS)
            except queue.Empty:
                if not self.goes_on():
                    return

    def _has_final_depth(self, colour, depths):
        """Whether no better depth can come any more: each stream is in order."""
        return not self.has_depth or any(self._lag_ms(colour, depth) > -self.interval_ms / 2 for depth in depths)

    def _depth_of(self, colour, depths):
        return next((depth for depth in depths if abs(self._lag_ms(colour, depth)) < self.interval_ms / 2), None)

    @staticmethod
    def _lag_ms(colour, depth):
        return depth.get_timestamp() - colour.get_timestamp()

    def aligned(self, colour: Any, depth: Any, camera: Camera, depth_scale: float) -> DepthImage:
        """The depth frame as the colour camera sees it.

        librealsense takes most lenses for straight, so that distorted ones are ours to deal with.
        """
        if camera.is_distorted:
            return self._registered(depth, camera, depth_scale)
        self._pair = [colour, depth]
        self._composer.invoke(colour)
        frames = self._composed.wait_for_frame(TIMEOUT_MS).as_frameset()
        depth_u16 = np.asanyarray(self.align.process(frames).get_depth_frame().get_data())
        return DepthImage(depth_u16.astype(np.float32) / np.float32(depth_scale), camera.subsampled(depth_u16.shape))

    def _registered(self, depth, camera, depth_scale):
        depth_u16, depth_scale = np.asanyarray(depth.get_data()), np.float32(depth_scale)
        if self._registration is None:
            depth_camera = self.streams.depth_camera
            density = min(1.0, DENSITY * depth_camera.focal_px / camera.focal_px)
            size = tuple(round(density * side) for side in camera.size)
            self._registration = Registration(depth_camera, self.streams.T_colour_depth, camera.subsampled(size))
        depth_m = self._registration.apply(depth_u16.astype(np.float32) / depth_scale)
        return DepthImage(np.rint(depth_m * depth_scale) / depth_scale, self._registration.camera)  # as files keep it

    def _compose(self, _, source):
        """A set of frames that librealsense takes for one that a syncer has made."""
        source.frame_ready(source.allocate_composite_frame(self._pair))
