"""Pose of a new image: tracked from the predicted pose, else relocalised among all keyframes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3
from slam.loops.appearance_index import AppearanceIndex
from slam.mapping.live_map import LiveMap
from slam.stages import stage
from slam.tracking.image import Image
from slam.tracking.relocalisation import Relocaliser
from slam.tracking.tracker import Tracker, TrackingResult

if TYPE_CHECKING:
    from slam.config import SlamConfig

CLEARLY_NEARER = 0.8
"""Share of the distance to the reference keyframe below which another one takes its place."""


class Localiser:
    """Locates each image against a keyframe, and knows since when the camera is lost."""

    def __init__(self, live_map: LiveMap, tracker: Tracker, relocaliser: Relocaliser, index: AppearanceIndex,
                 config: SlamConfig):
        """index: descriptors of all keyframes, for relocalisation."""
        self.map, self.stage_times, self.config = live_map, live_map.stage_times, config
        self.tracker, self.relocaliser, self.index = tracker, relocaliser, index
        self.absence = Absence()
        self.affine = (0.0, 0.0)
        """Log gain and bias of the last image against the reference keyframe."""
        self.only_localises = False
        """The map stays as it is: there are no new keyframes to track against, so the nearest one is taken each time,
        and poses beyond what the map shows are not believed."""

    def locate(self, image: Image) -> tuple[TrackingResult | None, str]:
        """Pose of an image relative to the reference keyframe, which relocalisation may change -> TrackingResult, None
        where the camera is lost, and the status: `tracked`, `relocalised` or `lost`"""
        if self.only_localises:
            self._refer_to_nearest(self.map.motion.predict(image.timestamp_s))
        tracked, status = self._track(image), "tracked"
        if not self._is_believable(tracked, image.timestamp_s):
            tracked, status = self._relocalise(image), "relocalised"
        if tracked is None:
            self.absence.note(image.timestamp_s)
            return None, "lost"
        self.affine = tracked.affine
        self.absence.end()
        return tracked, status

    def begin(self) -> None:
        """The last image became the first keyframe of a submap: the camera is no longer lost."""
        self.absence.end()

    def begin_elsewhere(self) -> None:
        """Another recording goes on in this map: the camera may be anywhere in it."""
        self.map.motion.reset(self.map.T_world_reference)
        self.absence.is_from_start = True

    def keyframe_added(self) -> None:
        """The last image is the reference now: brightness starts from equal."""
        self.affine = (0.0, 0.0)

    def is_given_up(self, timestamp_s: float) -> bool:
        """Whether the camera has been lost long enough for a new submap to begin."""
        c, absence = self.config, self.absence
        return timestamp_s - absence.since_s >= c.lost_s and absence.count >= c.lost_frames

    def _refer_to_nearest(self, T_world_cam: np.ndarray) -> None:
        """Make the keyframe nearest to a camera at T_world_cam (4, 4) the reference, where it is clearly nearer."""
        keyframes = self.map.keyframes
        distance = keyframes.distance_to(T_world_cam)
        nearest = keyframes.items[int(distance.argmin())]
        if distance[nearest.row] < CLEARLY_NEARER * distance[keyframes.reference.row]:
            keyframes.reference, self.affine = nearest, (0.0, 0.0)

    @stage("return")
    def return_to_known(self, image: Image, tracked: TrackingResult) -> TrackingResult | None:
        """For an image that would become a keyframe: make an older keyframe that shows the same the reference instead
        -> the image's alignment to that; None where the map has none, or does not say the same of where they are"""
        keyframes, c = self.map.keyframes, self.config.known_views
        T_world_cam = self.map.T_world_reference @ se3.inverse(tracked.T_cam_key)
        distance = keyframes.distance_to(T_world_cam)
        distance[max(0, len(keyframes) - c.min_gap):] = np.inf
        known = keyframes.items[int(distance.argmin())]
        if distance[known.row] == np.inf or known is keyframes.reference:
            return None
        prediction = se3.inverse(T_world_cam) @ keyframes.T_world_key[known.row]
        again = self.tracker.track(image.pyramid, known, prediction)
        if keyframes.needs_new(again, c.nearness, known) or not c.confirms(again, prediction, known.median_depth_m):
            return None
        keyframes.reference, self.affine = known, again.affine
        return again

    @stage("track")
    def _track(self, image: Image) -> TrackingResult:
        """Align from the predicted pose. Where images then hardly correlate, fast motion may have led into a wrong
        minimum: align again from the last pose and from the pose by features, and take the best."""
        reference, motion = self.map.keyframes.reference, self.map.motion
        start = self.map.T_cam_reference(motion.predict(image.timestamp_s))
        tracked = self.tracker.track(image.pyramid, reference, start, self.affine)
        if tracked.correlation >= self.config.doubtful_correlation:
            return tracked
        starts = [self.map.T_cam_reference(motion.T_world_cam), self.relocaliser.guess(image, reference)]
        retries = [self.tracker.track(image.pyramid, reference, start) for start in starts if start is not None]
        return max([tracked, *retries], key=lambda result: (result.converged, result.correlation))

    def _is_believable(self, tracked: TrackingResult, timestamp_s: float) -> bool:
        """Whether to accept a pose. After a gap the camera may be anywhere, so images have to correlate better than
        from one frame to the next."""
        is_anywhere = self.absence.is_anywhere or self.map.motion.is_too_far(timestamp_s)
        return tracked.converged and (not (is_anywhere or self.only_localises)
                                      or tracked.correlation >= self.config.relocalisation.min_correlation)

    @stage("relocalise")
    def _relocalise(self, image: Image) -> TrackingResult | None:
        """Align to stored keyframes; the first that fits becomes the reference. None if the place is not recognised."""
        keyframes, motion = self.map.keyframes, self.map.motion
        for keyframe, T_cam_key in self.relocaliser.guesses(image, keyframes, self.index, self.absence.count):
            tracked = self.tracker.track(image.pyramid, keyframe, T_cam_key)
            if self.relocaliser.confirms(tracked, keyframe, T_cam_key):
                keyframes.reference = keyframe
                motion.reset(self.map.T_world_reference @ se3.inverse(tracked.T_cam_key))
                return tracked
        motion.reset(motion.T_world_cam)
        return None


class Absence:
    """How long the camera has been lost."""

    def __init__(self):
        self.since_s = np.inf
        """Timestamp of the first image that could not be located."""
        self.count = 0
        """Images that could not be located in a row."""
        self.is_from_start = False
        """Whether no image of this recording was located yet, in a map of another."""

    @property
    def is_anywhere(self) -> bool:
        """Whether the camera may be anywhere."""
        return self.is_from_start or self.count > 0

    def note(self, timestamp_s: float) -> None:
        """One more image could not be located."""
        if not self.count:
            self.since_s = timestamp_s
        self.count += 1

    def end(self) -> None:
        """An image was located."""
        self.since_s, self.count, self.is_from_start = np.inf, 0, False
