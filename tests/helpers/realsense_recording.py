"""A .db3 recording by a RealSense camera that exists in software only, which librealsense takes for a real one."""

import time
from contextlib import contextmanager

import numpy as np

from tests.helpers.tiny_recordings import picture

SIZE = 48, 64
FOCAL_PX, DEPTH_FOCAL_PX = 60.0, 55.0
INTERVAL_MS = 100 / 3
SERIAL = "112233"


def walls(count):
    """`picture(k)` with a wall 1 m + 0.1 m k away: [(rgb, depth in millimetres)]"""
    return [(picture(k, SIZE), np.full(SIZE, 1000 + 100 * k, np.uint16)) for k in range(count)]


def write_db3(path, views, *cameras, **options):
    """As `_write_db3`, once more where this machine was too busy: a recording lasts as long as it took. -> path"""
    for _ in range(5):
        path.unlink(missing_ok=True)
        begin_s = time.monotonic()
        _write_db3(path, views, *cameras, **options)
        if time.monotonic() - begin_s < 1e-3 * INTERVAL_MS * len(views) + 0.25:
            break
    return path


def _write_db3(path, views, focal_px=FOCAL_PX, depth_focal_px=DEPTH_FOCAL_PX, coefficients=(0.0,) * 5,
               kinds=("colour", "depth"), colourless=()):
    """`views`: pairs as of `walls`; `colourless`: the numbers that lack a colour image."""
    import pyrealsense2 as rs
    device, size = rs.software_device(), views[0][0].shape[:2]
    device.register_info(rs.camera_info.name, "Software D435")
    device.register_info(rs.camera_info.serial_number, SERIAL)
    streams = []
    if "colour" in kinds:
        lens = intrinsics(focal_px, rs.distortion.brown_conrady, coefficients, size)
        sensor = device.add_sensor("RGB Camera")
        streams.append((sensor, sensor.add_video_stream(_stream(rs.stream.color, 1, rs.format.rgb8, 3, lens)), 0))
    if "depth" in kinds:
        lens = intrinsics(depth_focal_px, rs.distortion.brown_conrady, size=size)
        sensor = device.add_sensor("Stereo Module")
        streams.append((sensor, sensor.add_video_stream(_stream(rs.stream.depth, 2, rs.format.z16, 2, lens)), 1))
        sensor.add_read_only_option(rs.option.depth_units, 0.001)
    if len(streams) == 2:
        streams[1][1].register_extrinsics_to(streams[0][1], _in_place())
    with _recording(path, device, [profile for _, profile, _ in streams]):
        for number, view in enumerate(views):
            for sensor, profile, kind in streams:
                if kind or number not in colourless:
                    sensor.on_video_frame(_frame(profile, view[kind], number))
            time.sleep(1e-3 * INTERVAL_MS)


@contextmanager
def _recording(path, device, profiles):
    import pyrealsense2 as rs
    recorder, syncer = rs.recorder(str(path), device), rs.syncer()
    sensors = recorder.query_sensors()
    for sensor, profile in zip(sensors, profiles):
        sensor.open(profile)
        sensor.start(syncer)
    yield
    for sensor in sensors:
        sensor.stop()
        sensor.close()
    recorder.pause()


def intrinsics(focal_px, model, coefficients=(0.0,) * 5, size=SIZE):
    import pyrealsense2 as rs
    lens = rs.intrinsics()
    lens.height, lens.width = size
    lens.fx = lens.fy = focal_px
    lens.ppx, lens.ppy = (lens.width - 1) / 2, (lens.height - 1) / 2
    lens.model, lens.coeffs = model, list(coefficients)
    return lens


def _stream(kind, uid, form, bytes_per_pixel, lens):
    import pyrealsense2 as rs
    stream = rs.video_stream()
    stream.type, stream.index, stream.uid, stream.fmt, stream.bpp = kind, 0, uid, form, bytes_per_pixel
    stream.height, stream.width = lens.height, lens.width
    stream.fps, stream.intrinsics = 30, lens
    return stream


def _in_place():
    """Depth as seen from the colour camera's own place."""
    import pyrealsense2 as rs
    extrinsics = rs.extrinsics()
    extrinsics.rotation, extrinsics.translation = list(np.eye(3).ravel()), [0.0, 0.0, 0.0]
    return extrinsics


def _frame(profile, pixels, number):
    import pyrealsense2 as rs
    frame = rs.software_video_frame()
    frame.pixels, frame.stride, frame.bpp = pixels, pixels.strides[0], pixels.strides[1]
    frame.timestamp, frame.domain = 1000 + INTERVAL_MS * number, rs.timestamp_domain.hardware_clock
    frame.frame_number, frame.profile = number, profile.as_video_stream_profile()
    if pixels.dtype == np.uint16:
        frame.depth_units = 0.001
    return frame
