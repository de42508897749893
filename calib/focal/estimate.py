"""How long the focal length is, from the images of a camera that moves past things at several distances.

Points are followed through the first seconds of video, and bundle adjustment finds cameras, points and lens together.
Nothing is known about it but that lenses are mostly of a usual kind (the prior) and that cameras read their rows one
after the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from calib.base.errors import CalibrationError
from calib.focal.bundle import FocalBundle, Settings
from calib.focal.lens import LENS
from calib.focal.structure import grow
from calib.focal.tracks import VideoTracks
from calib.geometry.any_size import AnySizeCamera
from calib.geometry.camera import Camera

MAX_FRAMES = 240
MAX_KEYFRAMES = 48
MIN_KEYFRAMES = 5
MIN_OBSERVATIONS = 400
FIRST_KEYFRAMES = 16
"""Keyframes on which the starting points are compared."""
STARTS = (1.0, 0.7, 1.4)
"""Factors on the guess to start from. From a far start the adjustment may end in a shape that is bent to fit."""
PRIOR_STD = {"log_focal": 0.3, "centre_x": 0.01, "centre_y": 0.01, "k1": 0.05, "k2": 0.02, "readout": 0.3}
USUAL_READOUT = 0.5
INDEPENDENT = 0.03
"""Share of the observations that counts, since tracks drift and their errors hang together. On recordings with a known
focal length it makes the stated uncertainty agree with the errors."""
OUTLIER = 2 / 640
"""Observations this far off, in longer sides of the image, are drift."""
MIN_RELATIVE_DEPTH = 0.1
"""A point nearer than this, in median distances of what its keyframe sees, slid along an edge: next to the camera a
point explains any track."""
FREE = ("log_focal", "k1", "readout")
MAX_FOCAL_STD = 0.15
"""A focal length less sure than this is no answer."""
SIGNIFICANT = 2.0
"""Standard deviations beyond which distortion is believed."""


@dataclass(frozen=True)
class FocalEstimate:
    """What the video says of the camera."""

    camera: Camera
    std: float
    """Standard deviation of the focal length as a share of it."""
    frames: int
    keyframes: int

    def describe(self) -> str:
        return (f"{self.camera.focal_px:.0f} +- {self.std * self.camera.focal_px:.0f} pixels "
                f"(+- {100 * self.std:.0f} %), from {self.frames} frames")


def estimate_camera(grays: Iterable[np.ndarray], guess: float | None = None) -> FocalEstimate:
    """(H, W) uint8 images in time order -> FocalEstimate. `guess` is the focal length in longer sides, if one is known.

    No more than MAX_FRAMES are taken. Raises CalibrationError where the video cannot tell.
    """
    tracks, size = VideoTracks(), None
    for gray in grays:
        size = gray.shape
        tracks.add(gray)
        if tracks.frames == MAX_FRAMES or len(tracks.keyframes) == MAX_KEYFRAMES:
            break
    if size is None or len(tracks.keyframes) < MIN_KEYFRAMES:
        raise _no_answer("the camera hardly moves")
    seen = tracks.observations()
    if len(seen.key) < MIN_OBSERVATIONS:
        raise _no_answer("there is hardly anything to follow")
    with np.errstate(all="ignore"):  # points that go behind a camera for a while
        lens, std = _estimate(seen, guess)
    if not std[0] < MAX_FOCAL_STD:
        raise _no_answer("the camera turns but does not move sideways, or everything is equally far")
    k1 = lens[LENS.index("k1")] if abs(lens[LENS.index("k1")]) > SIGNIFICANT * std[1] else 0.0
    middle = AnySizeCamera.of().fitted_to(size)
    focal_px = float(np.exp(lens[0])) * max(size)
    camera = replace(middle, fx=focal_px, fy=focal_px, distortion=(float(k1), 0.0, 0.0, 0.0) if k1 else ())
    return FocalEstimate(camera, float(std[0]), tracks.frames, len(tracks.keyframes))


def _estimate(seen, guess):
    """Observations -> the lens (see LENS), and standard deviations of FREE."""
    usual = AnySizeCamera.of().fitted_to((1, 1)).fx
    first = _reindexed(seen.select(seen.key < FIRST_KEYFRAMES))
    settings = _settings(guess or usual, 0.05 if guess else PRIOR_STD["log_focal"])
    starts = [guess] if guess else [usual * factor for factor in STARTS]
    trials = [bundle for start in starts if (bundle := _adjusted(first, start, settings))]
    if not trials:
        raise _no_answer("no shape of the scene explains how things move in it")
    best = min(trials, key=lambda bundle: bundle.cost)
    bundle = _adjusted(seen, np.exp(best.scene.lens[0]), settings) or best
    bundle = without_outliers(without_outliers(bundle, settings), settings)
    try:
        return bundle.scene.lens, np.sqrt(np.diag(bundle.lens_covariance()))
    except np.linalg.LinAlgError as error:
        raise _no_answer("the images say too little") from error


def _settings(focal, focal_std):
    std = PRIOR_STD | {"log_focal": focal_std}
    mean = {"log_focal": np.log(focal), "readout": USUAL_READOUT}
    return Settings(free_lens=FREE, prior_mean=tuple(mean.get(name, 0.0) for name in LENS),
                    prior_std=tuple(std[name] for name in LENS), independent=INDEPENDENT)


def _adjusted(seen, start, settings):
    """The adjustment that starts from a focal length, or None where that leads nowhere."""
    growing = replace(settings, free_lens=(), independent=1.0)  # the shape first, and that as exactly as it goes
    try:
        return FocalBundle(grow(seen, start, growing), seen, settings).run()
    except np.linalg.LinAlgError:
        return None


def without_outliers(bundle: FocalBundle, settings: Settings) -> FocalBundle:
    """The same without the observations that do not fit, and the points that then are seen too seldom."""
    seen = bundle.seen
    kept = (bundle.errors() < OUTLIER) & ~np.isin(seen.point, seen.point[_is_too_near(bundle)])
    kept &= np.bincount(seen.point[kept], minlength=len(bundle.scene.X))[seen.point] >= 3
    points = np.unique(seen.point[kept])
    if len(np.unique(seen.key[kept])) < len(bundle.scene.t) or kept.sum() < MIN_OBSERVATIONS:
        return bundle
    scene = bundle.scene._replace(X=bundle.scene.X[points])
    return FocalBundle(scene, _reindexed(seen.select(kept)), settings).run()


def _is_too_near(bundle):
    """(N,) whether an observation is of a point that lies next to the camera."""
    depth = bundle.depths()
    usual = np.array([np.median(depths) for depths in np.split(depth, bundle.starts[1:])])
    return depth < MIN_RELATIVE_DEPTH * np.repeat(usual, np.diff(bundle.starts, append=len(depth)))


def _reindexed(seen):
    """Points numbered without gaps."""
    return seen._replace(point=np.unique(seen.point, return_inverse=True)[1])


def _no_answer(reason):
    return CalibrationError(f"the focal length cannot be told from this video: {reason}; record a few seconds of "
                            f"moving sideways past things near and far, or give --calibration FILE")
