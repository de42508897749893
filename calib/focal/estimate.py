"""How long the focal length is, from the images of a camera that moves past things at several distances.

Points are followed through a stretch of video, in frames that motion chooses, and bundle adjustment finds cameras,
points and lens together. Where that is not sure enough, the next stretches of the video add to it. Nothing is known
about the lens but that most are of a usual kind (the prior) and that cameras read their rows one after the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from calib.base.errors import CalibrationError
from calib.focal.bundle import FocalBundle, Settings
from calib.focal.lens import LENS
from calib.focal.motion import moving_frames
from calib.focal.structure import grow
from calib.focal.tracks import VideoTracks
from calib.geometry.any_size import AnySizeCamera
from calib.geometry.camera import Camera

MAX_FRAMES = 240
"""Chosen frames of a stretch."""
MAX_KEYFRAMES = 48
MAX_STRETCHES = 4
GOOD_STD = 0.05
"""A focal length that is as sure as this needs no further stretch."""
GUESS_STD = 0.05
"""Of the logarithm of a focal length that photos say."""
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


def estimate_camera(grays: Iterable[np.ndarray], guess: float | None = None, guess_std: float = GUESS_STD
                    ) -> FocalEstimate:
    """(H, W) uint8 images in time order -> FocalEstimate. `guess` is the focal length in longer sides, if one is known,
    and `guess_std` how sure that is.

    No more are taken than MAX_STRETCHES stretches. Raises CalibrationError where the video cannot tell.
    """
    counted = _Counted(grays)
    frames = moving_frames(counted)
    stretches, failure = [], None
    for _ in range(MAX_STRETCHES):
        tracks = _tracked(frames)
        if not tracks.frames:
            break
        try:
            stretches.append(_solved(tracks, guess, guess_std))
        except CalibrationError as error:
            failure = failure or error
        if stretches and _together(stretches).std < GOOD_STD:
            break
    found = _together(stretches) if stretches else None
    if found is None or counted.size is None:
        raise failure or _no_answer("the camera hardly moves")
    if not found.std < MAX_FOCAL_STD:
        raise _no_answer("the camera turns but does not move sideways, or everything is equally far")
    focal_px = float(np.exp(found.log_focal)) * max(counted.size)
    k1 = found.k1 if abs(found.k1) > SIGNIFICANT * found.k1_std else 0.0
    middle = AnySizeCamera.of().fitted_to(counted.size)
    camera = replace(middle, fx=focal_px, fy=focal_px, distortion=(float(k1), 0.0, 0.0, 0.0) if k1 else ())
    return FocalEstimate(camera, found.std, counted.count, sum(stretch.keyframes for stretch in stretches))


class _Counted:
    """Images, of which it tells afterwards how many were taken, and of which (height, width)."""

    def __init__(self, grays: Iterable[np.ndarray]):
        self.grays, self.count, self.size = grays, 0, None

    def __iter__(self):
        for gray in self.grays:
            self.count, self.size = self.count + 1, gray.shape
            yield gray


class _Stretch(NamedTuple):
    """What a stretch of the video says of the lens."""

    log_focal: float
    std: float
    k1: float
    k1_std: float
    keyframes: int


def _tracked(frames):
    """Points followed through the next stretch."""
    tracks = VideoTracks()
    for gray, interval in frames:
        tracks.add(gray, interval)
        if tracks.frames == MAX_FRAMES or len(tracks.keyframes) == MAX_KEYFRAMES:
            break
    return tracks


def _solved(tracks, guess, guess_std):
    """VideoTracks -> _Stretch. Raises CalibrationError."""
    if len(tracks.keyframes) < MIN_KEYFRAMES:
        raise _no_answer("the camera hardly moves")
    seen = tracks.observations()
    if len(seen.key) < MIN_OBSERVATIONS:
        raise _no_answer("there is hardly anything to follow")
    with np.errstate(all="ignore"):  # points that go behind a camera for a while
        lens, std = _estimate(seen, guess, guess_std)
    if not np.all(np.isfinite(std)):
        raise _no_answer("the images say too little")
    return _Stretch(lens[0], float(std[0]), lens[LENS.index("k1")], float(std[1]), len(tracks.keyframes))


def _together(stretches):
    """Their mean, weighted by how sure they are. Lenses are not quite as the model has them, which many stretches do
    not change: it is no surer than two of the surest would be."""
    weights, k1_weights = (np.array([1 / value**2 for value in column]) for column in
                           ([one.std for one in stretches], [one.k1_std for one in stretches]))
    std = max(weights.sum() ** -0.5, min(one.std for one in stretches) / 2**0.5)
    return _Stretch(float(np.average([one.log_focal for one in stretches], weights=weights)), float(std),
                    float(np.average([one.k1 for one in stretches], weights=k1_weights)),
                    float(k1_weights.sum() ** -0.5), sum(one.keyframes for one in stretches))


def _estimate(seen, guess, guess_std):
    """Observations -> the lens (see LENS), and standard deviations of FREE."""
    usual = AnySizeCamera.of().fitted_to((1, 1)).fx
    first = _reindexed(seen.select(seen.key < FIRST_KEYFRAMES))
    settings = _settings(guess or usual, guess_std if guess else PRIOR_STD["log_focal"])
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
