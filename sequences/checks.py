"""What all recorded sources check the same way."""

from dataclasses import replace

from calib.base.errors import CalibrationError, SourceError
from calib.files.image_file import UnreadableImage, read_rgb
from calib.formats.calibration_file import read_calibration

MISSING_AT_END_S = 0.25
"""A recording that is this much shorter than its header says was cut off; sound often lasts a little longer than
images."""


def find_calibration(options, beside):
    """The Calibration that the user gave, or the file `beside` the recording. Raises CalibrationError with a hint.

    `beside` is None for a live camera, which has no place for one.
    """
    path = options.calibration_file or beside
    if path is None:
        raise CalibrationError("a camera does not tell its focal length: give --calibration FILE, or have it estimated "
                               "with --calibration auto")
    if not path.is_file():
        raise CalibrationError(f"no {path}: pixels alone do not tell the camera; have it estimated with --calibration "
                               f"auto, give --calibration FILE or write this file, with the fields width, height, fx, "
                               f"fy, cx, cy (in pixels)")
    calibration = read_calibration(path)
    if calibration.says_depth_scale or beside in (None, path) or not beside.is_file():
        return calibration
    return replace(calibration, depth_scale=read_calibration(beside).depth_scale)


def note_early_end(skipped, file, count, end_s, whole_s):
    """Count a file of `count` frames that breaks off, of what it announced, as something skipped."""
    if whole_s - end_s > MISSING_AT_END_S:
        skipped.add(f"{file}: ends after {count} frames, {end_s:.1f} s of {whole_s:.1f} s")


def first_readable(files, source, read):
    """What `read` makes of the first image that can be read. Raises SourceError with a reason if none can."""
    reason = None
    for file in files:
        try:
            return read(file)
        except UnreadableImage as error:
            reason = reason or error
    raise SourceError(f"{source}: none of its {len(files)} images can be read; {reason}")


def first_readable_size(files, source, read=read_rgb):
    """(height, width) of the first image that can be read. Raises SourceError with a reason if none can."""
    return first_readable(files, source, read).shape[:2]


def read_frame(file, camera, skipped, read=read_rgb):
    """-> (H, W, 3) uint8, or None for an unreadable file, which is counted. Raises SourceError on another size."""
    try:
        rgb = read(file)
    except UnreadableImage as reason:
        skipped.add(str(reason))
        return None
    if rgb.shape[:2] != camera.size:
        raise SourceError(f"{file} is {rgb.shape[1]}x{rgb.shape[0]} but the images before it are "
                          f"{camera.width}x{camera.height}: one sequence has one image size")
    return rgb


def refuse_sensor_depth(options, source):
    """For sources without depth: raise SourceError where every frame's depth is asked for."""
    if options.depth_every == 1:
        raise SourceError(f"{source} has no depth images: choose a network, --depth mobile (ours) or --depth FILE.onnx")
