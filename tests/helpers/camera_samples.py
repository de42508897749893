"""Small samples of what cameras leave and send: images, videos, RealSense recordings, a stream."""

from contextlib import contextmanager

import cv2

from calib.geometry.camera import Camera
from sequences.checks import MISSING_AT_END_S
from tests.helpers.dataset_samples import Sample, units, write, write_image
from tests.helpers.mjpeg_server import MjpegServer, jpeg, part
from tests.helpers.realsense_recording import write_db3
from tests.helpers.tiny_recordings import write_camera

CAMERA = Camera(128, 96, 110.0, 110.0, 63.5, 47.5)
RATE_HZ = 30
LAST_FRAMES = round(RATE_HZ * MISSING_AT_END_S)


def sample_of(source, studio, **more):
    return Sample(source, studio.T_world_cam, CAMERA, **{"has_depth": False, "has_ground_truth": False} | more)


def images(folder, studio):
    """JPEG files with a list of times."""
    for k, rgb in enumerate(seen(studio)):
        write_image(folder / f"img{k}.jpg", rgb)
    write(folder / "timestamps.txt", "".join(f"{k / RATE_HZ:.6f}\n" for k in range(len(studio.T_world_cam))))
    write_camera(folder / "calibration.yaml", CAMERA)
    return sample_of(folder, studio)


def avi(folder, studio):
    """Each picture a JPEG."""
    return by_opencv(folder / "clip.avi", "MJPG", studio)


def mp4(folder, studio):
    return by_opencv(folder / "clip.mp4", "mp4v", studio)


def by_opencv(path, codec, studio):
    write_camera_next_to(path)
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), RATE_HZ, (CAMERA.width, CAMERA.height))
    for rgb in seen(studio):
        video.write(rgb[..., ::-1])
    video.release()
    return sample_of(path, studio, may_lack=LAST_FRAMES)


def h264(folder, studio):
    """In Matroska, with B-frames; needs PyAV."""
    from tests.helpers.av_video import write_clip
    path, pictures = folder / "clip.mkv", list(seen(studio))
    write_camera_next_to(path)
    write_clip(path, times_ms=[round(1000 * k / RATE_HZ) for k in range(len(pictures))],
               options={"bf": "3", "g": "12"}, shown=pictures.__getitem__)
    return sample_of(path, studio, may_lack=LAST_FRAMES + 3)


def db3(folder, studio):
    """A RealSense recording; needs pyrealsense2."""
    folder.mkdir(parents=True)
    views = [studio.shoot(CAMERA, T) for T in studio.T_world_cam]
    path = write_db3(folder / "walk.db3", [(rgb, units(depth_m, 1000)) for rgb, depth_m in views], CAMERA.fx, CAMERA.fx)
    return sample_of(path, studio, has_depth=True, may_lack=2 * LAST_FRAMES)


def stream(folder, studio):
    """What a camera sends during one connection, in a file; see `sent`."""
    folder.mkdir(parents=True)
    write_camera(folder.with_name("camera.yaml"), CAMERA)
    write(folder / "sent.mjpg", b"".join(part(jpeg(rgb)) for rgb in seen(studio)))
    options = {"calibration_file": folder.with_name("camera.yaml"), "max_frames": len(studio.T_world_cam)}
    return sample_of(folder / "sent.mjpg", studio, options=options)


@contextmanager
def sent(sample):
    """The sample with the URL of a camera that sends what is in its file at the time, if it is that of a stream."""
    if sample.source.suffix != ".mjpg":
        yield sample
        return
    with MjpegServer(lambda _, connection: connection.send_parts(sample.source.read_bytes())) as server:
        yield sample._replace(source=server.url)


def seen(studio):
    return (studio.shoot(CAMERA, T)[0] for T in studio.T_world_cam)


def write_camera_next_to(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_camera(path.with_suffix(".yaml"), CAMERA)


WRITERS = {"images": images, "avi": avi, "mp4": mp4, "h264": h264, "db3": db3, "stream": stream}
