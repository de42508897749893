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
from slam.mapping.fusion import FusionResult
from slam.mapping.keyframe_images import KeyframeImages
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
    tracked: TrackingResult | None = None
    """Alignment to the reference keyframe; None where lost, and for the first frame of a submap."""
    inverse_depth: np.ndarray | None = None
    """(h, w) float32, 1/m, of this frame at working size, brought to the scale of the map; 0 where unknown."""
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
        self.images = KeyframeImages(config.keyframe_images)
        self.full_camera = camera
        """Pinhole of `images`."""
        self.map = LiveMap(self.camera, config.keyframes, config.surfels, config.fusion, self.stage_times)
        self.depth = _depth_collaborator(config)(self.map, config)
        self.relocaliser = Relocaliser(self.camera, config.relocalisation)
        tracker = Tracker(config.tracker)
        verifier = LoopVerifier(self.camera, tracker, config.level_count, config.depth_is_measured, config.verification)
        self.loops = LoopCloser(self.camera, verifier, self.relocaliser, config.depth_is_measured, config.loops)
        self.localiser = Localiser(self.map, tracker, self.relocaliser, self.loops.candidates.index, config)
        self.sharpness = Sharpness(config.sharpness)
        self.merger = PassMerger(self.camera, config.fusion, config.loops.candidates.min_gap)

    def process(self, frame: Frame) -> FrameResult:
        """Track one frame and add it to the map."""
        result = self._track(frame)
        if result.is_keyframe:
            self.images.add(self.keyframes.items[-1].row, frame.rgb)
        return result

    def _track(self, frame: Frame) -> FrameResult:
        image = self.prepare(frame)
        if not len(self.keyframes):
            return self.begin(image, np.eye(4), submap=0, otherwise="waiting")
        self._close_loops()
        self.depth.finish_next()
        tracked, status = self.localiser.locate(image)
        if tracked is None:
            return self._lost(image)
        T_world_cam = self.map.place_camera(image.timestamp_s, se3.inverse(tracked.T_cam_key))
        is_due = self._is_keyframe_due(image, tracked)
        depth = self.depth.take(image, T_world_cam, is_due)
        is_keyframe = is_due and self._add_keyframe(image, depth, T_world_cam, tracked)
        if is_keyframe:
            self.depth.look_for_board(frame.rgb)
        return FrameResult(image.index, image.timestamp_s, status, T_world_cam, is_keyframe, tracked,
                           depth.inverse_depth, depth.fused)

    @stage("prepare")
    def prepare(self, frame: Frame) -> Image:
        """The frame at working size, with its pyramid."""
        return prepared(frame, self.camera, self.config)

    def begin(self, image: Image, T_world_cam: np.ndarray, submap: int, otherwise: str) -> FrameResult:
        """Make an image the first keyframe of a submap; its depth sets the submap's scale. `otherwise`: the status of
        an image with too little texture or depth for that."""
        if not self._add_keyframe(image, FrameDepth(image.inverse_depth, None, None), T_world_cam, None, submap):
            return FrameResult(image.index, image.timestamp_s, otherwise)
        self.localiser.begin()
        self.map.begin(image.timestamp_s, T_world_cam)
        depth = self.depth.first(image, T_world_cam)
        return FrameResult(image.index, image.timestamp_s, "tracked", T_world_cam, True, None,
                           depth.inverse_depth, depth.fused)

    def _lost(self, image: Image) -> FrameResult:
        """Result of an image without a pose. After some time a new submap begins, at the last known pose."""
        if not self.localiser.is_given_up(image.timestamp_s):
            return FrameResult(image.index, image.timestamp_s, "lost")
        return self.begin(image, self.map.motion.T_world_cam, int(self.keyframes.submap.max()) + 1, otherwise="lost")

    def _is_keyframe_due(self, image: Image, tracked: TrackingResult) -> bool:
        """Whether the camera is far enough from the reference keyframe for a new one; blurred images wait longer."""
        sharpness = self.sharpness(image, self.keyframes.reference, tracked)
        return self.keyframes.needs_new(tracked, self.sharpness.patience(sharpness))

    @stage("keyframe")
    def _add_keyframe(self, image: Image, depth: FrameDepth, T_world_cam: np.ndarray, tracked: TrackingResult | None,
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


def _depth_collaborator(config: SlamConfig) -> type[MeasuredDepth] | type[PredictedDepth]:
    """The class that handles the kind of depth that a configuration is for."""
    if config.depth_is_measured:
        return MeasuredDepth
    return PredictedDepth if config.refinement else UnrefinedDepth
