"""The whole of SLAM for one frame. Single-threaded and deterministic: the same frames give the same map."""

from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from calib import se3
from slam.alignment import AlignedDepth, AlignmentConfig, align_depth
from slam.fusion import Fusion, FusionConfig, FusionResult
from slam.keyframes import KeyframeConfig, Keyframes
from slam.loop_closure import LoopCloser, LoopConfig
from slam.merge import PassMerger
from slam.motion import ConstantVelocity
from slam.place_check import PlaceCheck, PlaceCheckConfig
from slam.pyramid import NO_DEPTH, Pyramid, build_pyramid, grey, inverse_depth_on
from slam.relocalisation import RelocalisationConfig, Relocaliser
from slam.render import render
from slam.stages import StageTimes, stage
from slam.surfels import SurfelConfig, Surfels
from slam.track_log import TrackLog
from slam.tracker import Tracker, TrackerConfig, TrackingResult


@dataclass(frozen=True)
class SlamConfig:
    depth_is_measured: bool
    """A sensor's depth is metric and used as it is; a network's is brought to the map's scale first."""
    working_width: int = 320
    """Columns of the images that tracking and fusion see; wider input is averaged down."""
    level_count: int = 4
    """Pyramid levels of the tracker."""
    doubtful_correlation: float = 0.7
    """A frame whose intensities correlate less than this with the keyframe's is tracked again from other starts."""
    depth_log_std: float = 0.05
    """Standard deviation of the logarithm of a keyframe's depth."""
    lost_s: float = 1.0
    """Lost for so long, and for lost_frames, the system starts anew with a submap, which joins the map when the two
    turn out to show one place."""
    lost_frames: int = 10
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    keyframes: KeyframeConfig = field(default_factory=KeyframeConfig)
    alignment: AlignmentConfig = field(default_factory=AlignmentConfig)
    fusion: FusionConfig = field(default_factory=FusionConfig)
    surfels: SurfelConfig = field(default_factory=SurfelConfig)
    relocalisation: RelocalisationConfig = field(default_factory=RelocalisationConfig)
    loops: LoopConfig = field(default_factory=LoopConfig)
    place_check: PlaceCheckConfig = field(default_factory=PlaceCheckConfig)

    @classmethod
    def for_sensor(cls):
        """Depth from a sensor: good to a few per cent."""
        return cls(depth_is_measured=True, tracker=TrackerConfig(geometric_weight=4.0))

    @classmethod
    def for_network(cls):
        """Depth from a network: wrong by 10 to 30 % in places, so surfaces are matched generously."""
        return cls(
            depth_is_measured=False,
            fusion=FusionConfig(depth_tolerance=0.2, ambiguity=1.0, max_normal_angle_rad=1.0, free_space_margin=0.3),
            loops=LoopConfig(odometry_std=(0.015, 0.03), loop_std=(0.01, 0.03), small=0.1, max_contradiction=0.2),
            place_check=PlaceCheckConfig(max_disagreement=0.06, max_log_scale=0.7, depth_tolerance=0.25))


class Image(NamedTuple):
    """A frame as the stages use it, at working size."""

    index: int
    timestamp_s: float
    gray: np.ndarray
    rgb: np.ndarray
    inverse_depth: np.ndarray
    pyramid: Pyramid


class FrameResult(NamedTuple):
    index: int
    timestamp_s: float
    status: str
    """`tracked`, `relocalised`, `lost`, or `waiting` for a first image with something to hold on to."""
    T_world_cam: np.ndarray | None = None
    is_keyframe: bool = False
    tracked: TrackingResult | None = None
    depth: AlignedDepth | None = None
    fused: FusionResult | None = None


class SlamSystem:
    def __init__(self, camera, config):
        """camera: the rectified pinhole of the frames to come."""
        self.config = config
        self.camera = camera.resized(working_size(camera, config))
        self.motion = ConstantVelocity()
        self.tracker = Tracker(config.tracker)
        self.keyframes = Keyframes(config.keyframes)
        self.relocaliser = Relocaliser(self.camera, config.relocalisation)
        self.surfels = Surfels(config.surfels)
        self.fusion = Fusion(self.camera, config.fusion)
        self.loops = LoopCloser(self.camera, self.place_check(), self.relocaliser, config.depth_is_measured,
                                config.loops)
        self.merger = PassMerger(self.camera, config.fusion, config.loops.candidates.min_gap)
        self.stage_times = StageTimes()
        self.track_log = TrackLog()
        self.log_scale = 0.0
        self.affine = (0.0, 0.0)
        self.lost_since_s, self.lost_count = None, 0

    def place_check(self):
        c = self.config
        return PlaceCheck(self.camera, self.tracker, c.level_count, c.depth_is_measured, c.place_check)

    def process(self, frame):
        """Frame -> FrameResult, one line per stage."""
        image = self.prepare(frame)
        if not len(self.keyframes):
            return self.begin(image)
        self.close_loops()
        tracked = self.track(image, self.motion.predict(image.timestamp_s))
        status = "tracked"
        if not self.is_believable(tracked, image.timestamp_s):
            tracked, status = self.relocalise(image), "relocalised"
        if tracked is None:
            return self.lost(image)
        T_world_cam = self.moved_to(image, tracked)
        view = self.render(T_world_cam)
        depth = self.align(image, view)
        fused = self.fuse(image, depth, view)
        is_keyframe = self.keyframes.wants(tracked) and self.add_keyframe(image, depth, view, T_world_cam)
        return FrameResult(image.index, image.timestamp_s, status, T_world_cam, is_keyframe, tracked, depth, fused)

    @stage("prepare")
    def prepare(self, frame):
        gray = grey(frame.rgb, self.camera.size)
        rgb = cv2.resize(frame.rgb, self.camera.size[::-1], interpolation=cv2.INTER_AREA)
        inverse_depth = np.zeros(self.camera.size, np.float32)
        if frame.depth is not None:
            inverse_depth = inverse_depth_on(self.camera, frame.depth, is_measured=self.config.depth_is_measured)
        geometry = inverse_depth if self.config.depth_is_measured and inverse_depth.any() else NO_DEPTH
        pyramid = build_pyramid(gray, geometry, self.camera, self.config.level_count)
        return Image(frame.index, frame.timestamp_s, gray, rgb, inverse_depth, pyramid)

    def begin(self, image, T_world_cam=np.eye(4), submap=0, otherwise="waiting"):
        """The first keyframe of a submap: a world's frame, and the scale of everything after."""
        depth = AlignedDepth(image.inverse_depth, 0.0, 0.0)
        if not self.add_keyframe(image, depth, None, T_world_cam, submap):
            return FrameResult(image.index, image.timestamp_s, otherwise)
        self.log_scale = 0.0
        self.found()
        self.log_pose(image, np.eye(4))
        self.motion.reset(T_world_cam)
        self.motion.update(image.timestamp_s, T_world_cam)
        fused = self.fuse(image, depth, self.render(T_world_cam))
        return FrameResult(image.index, image.timestamp_s, "tracked", T_world_cam, True, None, depth, fused)

    def lost(self, image):
        """Nothing is known of this image. After some time of that, it begins a submap, where the camera was last."""
        if self.lost_since_s is None:
            self.lost_since_s = image.timestamp_s
        self.lost_count += 1
        c = self.config
        if image.timestamp_s - self.lost_since_s < c.lost_s or self.lost_count < c.lost_frames:
            return FrameResult(image.index, image.timestamp_s, "lost")
        submap = int(self.keyframes.submap.max()) + 1
        return self.begin(image, self.motion.T_world_cam, submap, otherwise="lost")

    def found(self):
        self.lost_since_s, self.lost_count = None, 0

    @stage("track")
    def track(self, image, T_world_cam):
        """Align from the predicted pose. Where images then hardly correlate, a fast motion may have led into a wrong
        minimum: start again from where the camera was, and from where features say it is, and take the best."""
        reference = self.keyframes.reference
        tracked = self.tracker.track(image.pyramid, reference, self.relative(T_world_cam), self.affine)
        if tracked.correlation >= self.config.doubtful_correlation:
            return tracked
        starts = [self.relative(self.motion.T_world_cam), self.relocaliser.guess(image.gray, reference)]
        retries = [self.tracker.track(image.pyramid, reference, start) for start in starts if start is not None]
        return max([tracked, *retries], key=lambda result: (result.converged, result.correlation))

    def is_believable(self, tracked, timestamp_s):
        """Who was lost, or not seen for a while, may be anywhere: then images have to fit better than from one frame
        to the next."""
        is_anywhere = self.lost_count > 0 or self.motion.is_too_far(timestamp_s)
        return tracked.converged and (not is_anywhere
                                      or tracked.correlation >= self.config.relocalisation.min_correlation)

    @stage("relocalise")
    def relocalise(self, image):
        """Try stored keyframes; on success that keyframe becomes the reference. None if the place is not found."""
        for keyframe, T_cam_key in self.relocaliser.guesses(image.gray, self.keyframes, self.loops.candidates.index,
                                                              self.lost_count):
            tracked = self.tracker.track(image.pyramid, keyframe, T_cam_key)
            if self.relocaliser.confirms(tracked, keyframe, T_cam_key):
                self.keyframes.reference = keyframe
                self.motion.reset(self.T_world_reference @ se3.inverse(tracked.T_cam_key))
                return tracked
        self.motion.reset(self.motion.T_world_cam)
        return None

    @stage("render")
    def render(self, T_world_cam):
        is_here = self.keyframes.submap == self.keyframes.active_submap
        return render(self.surfels, self.camera, T_world_cam, self.keyframes.T_world_key, is_here)

    @stage("align")
    def align(self, image, view):
        if self.config.depth_is_measured:
            return AlignedDepth(image.inverse_depth, 0.0, 0.0)
        depth = align_depth(image.inverse_depth, view, self.log_scale, self.config.alignment)
        self.log_scale = depth.log_scale
        return depth

    @stage("fuse")
    def fuse(self, image, depth, view):
        return self.fusion(self.surfels, view, depth.inverse_depth, image.rgb, self.keyframes.reference.row,
                           image.index)

    @stage("keyframe")
    def add_keyframe(self, image, depth, view, T_world_cam, new_submap=None):
        """Make this image the reference, or the first of a new submap; False if it has too little to hold on to."""
        inverse_depth = depth.inverse_depth if view is None else self.keyframe_depth(depth.inverse_depth, view)
        keyframe = self.keyframes.make(image, image.pyramid, inverse_depth, self.config.depth_log_std,
                                       with_grid=self.config.depth_is_measured)
        if keyframe is None:
            return False
        keyframe.features = self.relocaliser.describe(image.gray)
        reference = self.keyframes.reference.row if new_submap is None else None
        self.keyframes.add(keyframe, T_world_cam, new_submap)
        self.surfels.add_keyframe()
        self.loops.add(self.keyframes, reference)
        self.affine = (0.0, 0.0)
        return True

    def keyframe_depth(self, inverse_depth, view):
        """The frame's depth averaged with the map where they agree, the map's where the frame has none."""
        known = view.depth_m > 0
        from_map = np.where(known, 1 / np.where(known, view.depth_m, 1), 0).astype(np.float32)
        tolerance = 1 + self.config.fusion.depth_tolerance
        agree = known & (from_map < inverse_depth * tolerance) & (inverse_depth < from_map * tolerance)
        share = view.confidence / (view.confidence + 1)
        merged = np.where(agree, inverse_depth + share * (from_map - inverse_depth), inverse_depth)
        stable = view.confidence >= self.config.surfels.stable_confidence
        return np.where((inverse_depth == 0) & stable, from_map, merged)

    def moved_to(self, image, tracked):
        """Take the tracked motion for true. -> T_world_cam"""
        T_world_cam = self.T_world_reference @ se3.inverse(tracked.T_cam_key)
        self.motion.update(image.timestamp_s, T_world_cam)
        self.affine = tracked.affine
        self.found()
        self.log_pose(image, se3.inverse(tracked.T_cam_key))
        return T_world_cam

    @stage("loops")
    def close_loops(self):
        """A little of the work that finding and closing loops takes; the rest comes with the next frames."""
        S_world_key = self.loops.step(self.keyframes)
        if S_world_key is not None:
            self.move_map(S_world_key)
            self.merger.add(self.keyframes, self.loops.closed[-1])
        else:
            self.merger.step(self.surfels, self.keyframes)

    def finish(self):
        """After the last frame: look at what still waits."""
        while self.loops.is_busy or self.merger.waiting:
            self.close_loops()

    def move_map(self, S_world_key):
        """Keyframes, surfels and camera take on the keyframes' new poses and scales; the camera stays where it is
        relative to its reference, so tracking goes on as if nothing had happened."""
        T_key_cam = se3.inverse(self.T_world_reference) @ self.motion.T_world_cam
        factor = self.keyframes.move(S_world_key)
        if not self.config.depth_is_measured:
            self.surfels.rescale(factor)
        growth = factor[self.keyframes.reference.row]
        T_key_cam[:3, 3] *= growth
        self.motion.move(self.T_world_reference @ T_key_cam, growth)
        self.log_scale += float(np.log(growth))

    def log_pose(self, image, T_key_cam):
        self.track_log.add(image.timestamp_s, self.keyframes.reference.row, T_key_cam, self.keyframes)

    def relative(self, T_world_cam):
        """-> T_cam_key of the reference keyframe"""
        return se3.inverse(T_world_cam) @ self.T_world_reference

    @property
    def T_world_reference(self):
        return self.keyframes.T_world_key[self.keyframes.reference.row]

    def trajectory(self, submap=None):
        """Timestamps (N,) and T_world_cam (N, 4, 4) of the tracked frames of a submap, by default the main one, by
        the keyframes' present poses."""
        return self.track_log.trajectory(self.keyframes, self.main_submap if submap is None else submap)

    @property
    def main_submap(self):
        """The submap with most tracked frames: what is shown and saved as the map."""
        return self.track_log.main_submap(self.keyframes)

    def submaps(self):
        """One record per submap, the main one first; see TrackLog.submaps."""
        return self.track_log.submaps(self.keyframes)

    def map_of(self, submap):
        """-> Surfels of one submap"""
        is_wanted = self.keyframes.submap == submap
        return self.surfels if is_wanted.all() else self.surfels.of_keyframes(is_wanted)


def working_size(camera, config):
    """(height, width) for tracking and fusion: at most working_width columns, divisible by every pyramid level."""
    step = 2 ** (config.level_count - 1)
    scale = min(1.0, config.working_width / camera.width)
    return tuple(max(step, int(round(n * scale / step)) * step) for n in camera.size)
