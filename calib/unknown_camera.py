"""Sources whose camera nobody knows: opened with a guess, to find it out, and again with what was found."""

import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

import cv2
import numpy as np

from calib.base.errors import CalibrationError
from calib.files.exif import focal_from_exif
from calib.focal.estimate import GUESS_STD, FocalEstimate, estimate_camera
from calib.focal.footage import Footage
from calib.formats.calibration_file import write_calibration
from calib.geometry.any_size import USUAL_FOV_DEG
from calib.geometry.calibration import without_depth
from calib.geometry.camera import Camera
from sequences.catalogue import open_sequence
from sequences.prefetch import ahead
from sequences.sequence import Sequence, SourceOptions, is_live

MAX_LIVE_FRAMES = 480
"""Of a camera that is watched."""
VIDEO_HINT_STD = 0.15
"""Of the logarithm of a video's own focal length: stabilising crops the picture by an unknown share."""
NETWORK_STD = 0.25
"""Of the logarithm of a focal length that a network sees in one image. Depth Pro's paper counts one within 25 % as
right (Bochkovskii 2024); so wide it only says where to begin, and the video has the last word."""
FocalShare = Callable[[np.ndarray], float | None]


def open_uncalibrated(source: str, options: SourceOptions) -> Sequence:
    """The Sequence with square pixels and a usual field of view."""
    return _open(source, options, lambda path: path.write_text(f"fov: {USUAL_FOV_DEG}\n"))


def open_with_camera(source: str, options: SourceOptions, camera: Camera) -> Sequence:
    """The Sequence with this Camera in place of its own."""
    return _open(source, options, lambda path: write_calibration(path, without_depth(camera)))


def estimate_source(source: str, options: SourceOptions, focal_share: FocalShare | None = None) -> FocalEstimate:
    """-> calib.focal.estimate.FocalEstimate from as much of a source as it takes, of a camera from the first seconds,
    however few frames the run itself shall have. Raises CalibrationError.

    `focal_share`: (H, W, 3) uint8 image -> focal length in widths of it, or None; a network that sees it in one image.
    """
    sequence = open_uncalibrated(source, replace(options, depth_every=0, max_frames=None, keep_depth=False))
    if is_live(sequence):
        options.tell(f"{sequence.name}: now move it sideways for some seconds, past things near and far")
    with closing(ahead(sequence, sequence)) as frames:  # a camera must be free again to be opened for the run
        first = next(frames, None)
        grays = (cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY) for frame in chain([first] if first else [], frames))
        if is_live(sequence):
            grays = islice(grays, MAX_LIVE_FRAMES)
        footage = Footage()
        grays = footage.watched(grays)
        try:
            return estimate_camera(grays, *_guess(sequence, first.rgb if first else None, focal_share))
        except CalibrationError as error:
            problem = footage.problem()
            if problem is None:
                raise
            raise CalibrationError(f"the focal length cannot be told from this video: {problem}; or give --calibration "
                                   f"FILE") from error


def _guess(sequence, rgb, focal_share):
    """-> focal length in longer sides, or None where nothing tells it, and the standard deviation of its logarithm"""
    if sequence.focal_hint:
        return sequence.focal_hint, VIDEO_HINT_STD
    of_photo = focal_from_exif(sequence.photos[0]) if sequence.photos else None  # photos say which lens took them
    if of_photo or rgb is None or not focal_share:
        return of_photo, GUESS_STD
    share = focal_share(rgb)
    return (share * rgb.shape[1] / max(rgb.shape[:2]), NETWORK_STD) if share else (None, GUESS_STD)


def _open(source, options, write):
    """Sequences read their calibration when they are opened, from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calibration.yaml"
        write(path)
        return open_sequence(source, replace(options, calibration_file=path))
