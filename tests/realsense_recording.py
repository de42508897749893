"""A .db3 recording by a RealSense camera that exists in software only, which librealsense takes for a real one."""

import time

import numpy as np

from tiny_recordings import picture

SIZE = 48, 64
FOCAL_PX, DEPTH_FOCAL_PX = 60.0, 55.0
INTERVAL_MS = 100 / 3
SERIAL = "112233"


def write_db3(path, count=8, coefficients=(0.0,) * 5, with_depth=True, with_colour=True, colourless=()):
    """Colour `picture(k)` and a wall 1 m + 0.1 m k away; `colourless`: the numbers that lack a colour image. -> path"""
    import pyrealsense2 as rs
    device = rs.software_device()
    device.register_info(rs.camera_info.name, "Software D435")
    device.register_info(rs.camera_info.serial_number, SERIAL)
    sensors = []
    if with_colour:
        sensor = device.add_sensor("RGB Camera")
        lens = intrinsics(FOCAL_PX, rs.distortion.brown_conrady, coefficients)
        sensors.append((sensor, sensor.add_video_stream(_stream(rs.stream.color, 1, rs.format.rgb8, 3, lens)), 3))
    if with_depth:
        sensor = device.add_sensor("Stereo Module")
        lens = intrinsics(DEPTH_FOCAL_PX, rs.distortion.brown_conrady)
        sensors.append((sensor, sensor.add_video_stream(_stream(rs.stream.depth, 2, rs.format.z16, 2, lens)), 2))
        sensor.add_read_only_option(rs.option.depth_units, 0.001)
    if len(sensors) == 2:
        sensors[1][1].register_extrinsics_to(sensors[0][1], _beside(0.015))
    recorder, syncer = rs.recorder(str(path), device), rs.syncer()
    recorded = recorder.query_sensors()
    for sensor, (_, profile, _) in zip(recorded, sensors):
        sensor.open(profile)
        sensor.start(syncer)
    for k in range(count):
        for sensor, profile, width in sensors:
            if width == 2 or k not in colourless:
                pixels = picture(k, SIZE) if width == 3 else np.full(SIZE, 1000 + 100 * k, np.uint16)
                sensor.on_video_frame(_frame(profile, pixels, width, k))
        time.sleep(1e-3 * INTERVAL_MS)  # how long a recording lasts is how long it took
    for sensor in recorded:
        sensor.stop()
        sensor.close()
    recorder.pause()
    return path


def intrinsics(focal_px, model, coefficients=(0.0,) * 5, size=SIZE):
    import pyrealsense2 as rs
    lens = rs.intrinsics()
    lens.height, lens.width = size
    lens.fx = lens.fy = focal_px
    lens.ppx, lens.ppy = (lens.width - 1) / 2, (lens.height - 1) / 2
    lens.model, lens.coeffs = model, list(coefficients)
    return lens


def _stream(kind, uid, form, width, lens):
    import pyrealsense2 as rs
    stream = rs.video_stream()
    stream.type, stream.index, stream.uid, stream.fmt, stream.bpp = kind, 0, uid, form, width
    stream.height, stream.width = SIZE
    stream.fps, stream.intrinsics = 30, lens
    return stream


def _beside(distance_m):
    import pyrealsense2 as rs
    extrinsics = rs.extrinsics()
    extrinsics.rotation, extrinsics.translation = list(np.eye(3).ravel()), [distance_m, 0.0, 0.0]
    return extrinsics


def _frame(profile, pixels, width, number):
    import pyrealsense2 as rs
    frame = rs.software_video_frame()
    frame.pixels, frame.bpp, frame.stride = pixels, width, SIZE[1] * width
    frame.timestamp, frame.domain = 1000 + INTERVAL_MS * number, rs.timestamp_domain.hardware_clock
    frame.frame_number, frame.profile = number, profile.as_video_stream_profile()
    if width == 2:
        frame.depth_units = 0.001
    return frame
