"""SLAM from frames to poses and a map. Single-threaded and deterministic: the same frames give the same map."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from sequences.frame import Frame
from slam.config import SlamConfig
from slam.keyframe_depth.depth_alignment import averaged_with_map
from slam.keyframe_depth.predicted_depth import PredictedDepth
from slam.keyframe_depth.unrefined_depth import UnrefinedDepth
from slam.localiser import Localiser
from slam.loops.loop_closer import LoopCloser
from slam.loops.verification import LoopVerifier
from slam.mapping.awaited_keyframe import AwaitedKeyframe
from slam.mapping.fusion import FusionResult
from slam.mapping.keyframes import Keyframes
from slam.mapping.live_map import LiveMap
from slam.mapping.measured_depth import FrameDepth, MeasuredDepth
from slam.mapping.pass_merger import PassMerger
from slam.mapping.surfels import Surfels
from slam.stages import StageTimes, stage
from slam.tracking.image import Image, prepared, working_size
from slam.tracking.relocalisation import Relocaliser
from slam.tracking.sharpness import Sharpness
from slam.tracking.tracker import Tracker, TrackingResult


class FrameResult(NamedTuple):
    """Result of SlamSystem.process for one frame."""

    index: int
    timestamp_s: float
    status: str
    """`tracked`, `relocalised`, `lost`, or `waiting` for a first image with texture and depth."""
    T_world_cam: np.ndarray | None = None
    """(4, 4) estimate at this frame, None where lost; later corrections are in SlamSystem.trajectory()."""
    is_keyframe: bool = False
    """Whether it has become a keyframe; one whose depth a camera's network still predicts becomes one later."""
    tracked: TrackingResult | None = None
    """Alignment to the reference keyframe; None where lost, and for the first frame of a submap."""
    inverse_depth: np.ndarray | None = None
    """(h, w) float32, 1/m, of this frame at working size, brought to the scale of the map; 0 where unknown. None where
    the camera is lost, and for frames whose depth was not asked for."""
    fused: FusionResult | None = None
    """Counts of surfels; None where only keyframes are fused."""


class SlamSystem:
    """Frames in, poses and a map out. Call `process` once per frame, then `finish`, `adjust_all` and `rebuild`, in this
    order."""

    def __init__(self, camera: Camera, config: SlamConfig):
        """camera: pinhole of the rectified frames."""
        self.config = config
        self.camera = camera.resized(working_size(camera, config))
        self.stage_times = StageTimes()
        self.map = LiveMap(self.camera, config.keyframes, config.surfels, config.fusion, self.stage_times)
        self.depth = _depth_collaborator(config)(self.map, config)
        self.relocaliser = Relocaliser(self.camera, config.relocalisation)
        tracker = Tracker(config.tracker)
        verifier = LoopVerifier(self.camera, tracker, config.level_count, config.depth_is_measured, config.verification)
        self.loops = LoopCloser(self.camera, verifier, self.relocaliser, config.depth_is_measured, config.loops)
        self.localiser = Localiser(self.map, tracker, self.relocaliser, self.loops.candidates.index, config)
        self.sharpness = Sharpness(config.sharpness)
        self.merger = PassMerger(self.camera, config.fusion, config.loops.candidates.min_gap)
        self.awaited: AwaitedKeyframe | None = None
        """A keyframe whose depth is being predicted."""

    def process(self, frame: Frame) -> FrameResult:
        """Track one frame and add it to the map."""
        image = self.prepare(frame)
        if not len(self.keyframes):
            return self.begin(_with_depth(image, frame), np.eye(4), submap=0, otherwise="waiting")
        self._close_loops()
        self.depth.finish_next()
        self._add_awaited()
        tracked, status = self.localiser.locate(image)
        if tracked is None:
            return self._lost(image, frame)
        is_due = self._is_keyframe_due(image, tracked)
        is_asked_for = is_due and self._ask_for_depth(frame, image, tracked)
        T_world_cam = self.map.place_camera(image.timestamp_s, se3.inverse(tracked.T_cam_key))
        if frame.depth_on_request is None:
            depth = self.depth.take(image, T_world_cam, is_due)
            is_keyframe = is_due and self._add_keyframe(image, frame.rgb, depth, T_world_cam, tracked)
        else:
            depth, is_keyframe = self._add_awaited() if is_asked_for else (None, False)
        result = FrameResult(image.index, image.timestamp_s, status, T_world_cam, is_keyframe, tracked)
        return result._replace(inverse_depth=depth.inverse_depth, fused=depth.fused) if depth else result

    @stage("prepare")
    def prepare(self, frame: Frame) -> Image:
        """The frame at working size, with its pyramid."""
        return prepared(frame, self.camera, self.config)

    def begin(self, image: Image, T_world_cam: np.ndarray, submap: int, otherwise: str) -> FrameResult:
        """Make an image the first keyframe of a submap; its depth sets the submap's scale. `otherwise`: the status of
        an image with too little texture or depth for that."""
        if not self._make_keyframe(image, FrameDepth(image.inverse_depth, None, None), T_world_cam, None, submap):
            return FrameResult(image.index, image.timestamp_s, otherwise)
        self.localiser.begin()
        self.map.begin(image.timestamp_s, T_world_cam)
        depth = self.depth.first(image, T_world_cam)
        return FrameResult(image.index, image.timestamp_s, "tracked", T_world_cam, True, None,
                           depth.inverse_depth, depth.fused)

    def _ask_for_depth(self, frame: Frame, image: Image, tracked: TrackingResult) -> bool:
        """Have the depth of a tracked frame predicted, one at a time, to make it a keyframe. False where there is
        nobody to ask, or another is awaited.

        Where the network fails, the map has not changed yet."""
        if frame.depth_on_request is None or self.awaited is not None:
            return False
        self.awaited = AwaitedKeyframe(image, frame.rgb, tracked, self.keyframes, frame.depth_on_request())
        return True

    def _add_awaited(self) -> tuple[FrameDepth | None, bool]:
        """Make the awaited keyframe one, if its depth has arrived -> its depth, and whether it is one now"""
        awaited = self.awaited
        if awaited is None or not awaited.has_arrived:
            return None, False
        self.awaited = None
        if not awaited.is_wanted(self.keyframes):
            return None, False
        image, T_world_cam = awaited.image(), awaited.T_world_cam(self.keyframes)
        depth = self.depth.take(image, T_world_cam, is_keyframe_due=True)
        return depth, self._add_keyframe(image, awaited.rgb, depth, T_world_cam, awaited.tracked)

    def _lost(self, image: Image, frame: Frame) -> FrameResult:
        """Result of an image without a pose. After some time a new submap begins, at the last known pose."""
        if not self.localiser.is_given_up(image.timestamp_s):
            return FrameResult(image.index, image.timestamp_s, "lost")
        return self.begin(_with_depth(image, frame), self.map.motion.T_world_cam, int(self.keyframes.submap.max()) + 1,
                          otherwise="lost")

    def _is_keyframe_due(self, image: Image, tracked: TrackingResult) -> bool:
        """Whether the camera is far enough from the reference keyframe for a new one; blurred images wait longer."""
        sharpness = self.sharpness(image, self.keyframes.reference, tracked)
        return self.keyframes.needs_new(tracked, self.sharpness.patience(sharpness))

    def _add_keyframe(self, image: Image, rgb: np.ndarray, depth: FrameDepth, T_world_cam: np.ndarray,
                      tracked: TrackingResult) -> bool:
        """Make a tracked image a keyframe, and look for a board in its full-size version (H, W, 3). False if it has too
        little texture or depth."""
        is_keyframe = self._make_keyframe(image, depth, T_world_cam, tracked)
        if is_keyframe:
            self.depth.look_for_board(rgb)
        return is_keyframe

    @stage("keyframe")
    def _make_keyframe(self, image: Image, depth: FrameDepth, T_world_cam: np.ndarray, tracked: TrackingResult | None,
                       new_submap: int | None = None) -> bool:
        """Make this image a keyframe and the reference, perhaps the first of a new submap. False if it has too little
        texture or depth."""
        inverse_depth = depth.inverse_depth
        if depth.view is not None:
            inverse_depth = averaged_with_map(inverse_depth, depth.view, self.config.fusion.depth_tolerance,
                                              self.config.surfels.stable_confidence)
            inverse_depth[(depth.inverse_depth == 0) & (image.inverse_depth > 0)] = 0  # a moving object hides the map
        keyframe = self.keyframes.make(image, image.pyramid, inverse_depth, self.config.depth_log_std,
                                       with_grid=self.depth.has_grid)
        if keyframe is None:
            return False
        keyframe.features = self.relocaliser.describe(image.gray)
        reference_row = self.keyframes.reference.row if new_submap is None else None
        self.map.add_keyframe(keyframe, T_world_cam, new_submap)
        self.loops.add(self.keyframes, reference_row)
        self.localiser.keyframe_added()
        self.depth.add_keyframe(image, reference_row, tracked)
        self.loops.remeasure(self.keyframes, self.depth.adjusted_rows)
        return True

    @stage("loops")
    def _close_loops(self) -> None:
        """One small step of loop closure; the rest follows with the next frames."""
        S_world_key = self.loops.step(self.keyframes)
        if S_world_key is not None:
            self.move_map(S_world_key)
            self.merger.add(self.keyframes, self.loops.closed[-1])
        else:
            self.merger.step(self.surfels, self.keyframes)

    def move_map(self, S_world_key: np.ndarray) -> None:
        """Give all keyframes new similarities (K, 4, 4); everything else follows."""
        self.depth.map_moved(self.map.move(S_world_key))

    def finish(self) -> None:
        """After the last frame: finalise the waiting keyframes and loops, then the scale."""
        self.awaited = None
        self.depth.finish_keyframes()
        while self.loops.is_busy or self.merger.waiting:
            self._close_loops()
        self.depth.finish_scale()

    def adjust_all(self) -> Iterator[float]:
        """Global bundle adjustment, a piece at a time -> share of the work that is done."""
        pairs = [(loop.new, loop.old) for loop in self.loops.closed]
        return self.depth.adjust_all(self.loops.candidates.overlap, pairs)

    def rebuild(self) -> Iterator[float]:
        """Build the map anew from all keyframes, a piece at a time -> share of the work that is done."""
        return self.depth.rebuild(self.loops.candidates.overlap)

    @property
    def keyframes(self) -> Keyframes:
        return self.map.keyframes

    @property
    def surfels(self) -> Surfels:
        return self.map.surfels

    def trajectory(self, submap: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """-> timestamps (N,) in seconds and T_world_cam (N, 4, 4) of a submap's frames; see LiveMap.trajectory."""
        return self.map.trajectory(submap)


def _with_depth(image: Image, frame: Frame) -> Image:
    """An image that shall begin a map, with its depth: nothing is tracked meanwhile, so there is time to predict it."""
    return image if frame.depth_on_request is None else image.with_predicted(frame.depth_on_request().result())


def _depth_collaborator(config: SlamConfig) -> type[MeasuredDepth] | type[PredictedDepth]:
    """The class that handles the kind of depth that a configuration is for."""
    if config.depth_is_measured:
        return MeasuredDepth
    return PredictedDepth if config.refinement else UnrefinedDepth
