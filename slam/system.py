"""SLAM from frames to poses and a map. Deterministic: the same frames give the same map."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calib.geometry import se3, sim3
from calib.geometry.camera import Camera
from sequences.frame import Frame
from slam.config import SlamConfig
from slam.global_adjustment.frame_adjustment import FrameAdjustment
from slam.hand_over import HandOver
from slam.keyframe_depth.depth_alignment import averaged_with_map
from slam.keyframe_depth.predicted_depth import PredictedDepth
from slam.keyframe_depth.unrefined_depth import UnrefinedDepth
from slam.localiser import Localiser
from slam.loops.loop_closer import LoopCloser
from slam.loops.submap_joiner import SubmapJoiner
from slam.loops.verification import LoopVerifier
from slam.mapping.awaited_keyframe import DepthRequests
from slam.mapping.fusion import FusionResult
from slam.mapping.keyframe_images import KeyframeImages
from slam.mapping.keyframes import Keyframes
from slam.mapping.live_map import LiveMap
from slam.mapping.measured_depth import FrameDepth, MeasuredDepth
from slam.mapping.pass_merger import PassMerger
from slam.mapping.surfels import Surfels
from slam.meshing.surfel_mesh import build_surfel_mesh
from slam.meshing.tsdf import build_mesh
from slam.stages import StageTimes, stage
from slam.tracking.image import Image, working_size
from slam.tracking.preparation import Preparation, PreparedFrame
from slam.tracking.relocalisation import Relocaliser
from slam.tracking.sharpness import Sharpness
from slam.tracking.static_scene import StaticScene
from slam.tracking.tracker import Tracker, TrackingResult

if TYPE_CHECKING:
    import trimesh

ADJUSTED_FROM, FRAMES_FROM = 0.1, 0.6
"""Shares of the final adjustment's work at which submaps are joined, and keyframes done; the rest is that of the frames
between them."""

MIN_MOVE = 1e-9
"""Difference to no movement at all from which a map is moved."""


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
    is_doubtful: bool = False
    """Whether much of the image moves in another way than the pose says: because of people, say."""


class SlamSystem:
    """Frames in, poses and a map out. Call `process` once per frame, then `finish`, `adjust_all`, `estimate_depth`
    and `rebuild`, in this order."""

    def __init__(self, camera: Camera, config: SlamConfig, stage_times: StageTimes | None = None):
        """camera: pinhole of the rectified frames; stage_times: to be continued, those of a map that this one follows.
        """
        self.config = config
        self.camera = camera.resized(working_size(camera, config))
        self.stage_times = stage_times or StageTimes()
        self.images = KeyframeImages(config.keyframe_images)
        self.full_camera = camera
        """Pinhole of `images`."""
        self.map = LiveMap(self.camera, config.keyframes, config.surfels, config.fusion, self.stage_times)
        keyframe_thread = ThreadPoolExecutor(1, thread_name_prefix="keyframes")
        self.depth = _depth_collaborator(config)(self.map, config, keyframe_thread)
        self.relocaliser = Relocaliser(self.camera, config.relocalisation)
        tracker = Tracker(config.tracker)
        self.verifier = LoopVerifier(self.camera, tracker, config.level_count, config.depth_is_measured,
                                     config.verification)
        self.loops = LoopCloser(self.camera, self.verifier, self.relocaliser, config.depth_is_measured, config.loops,
                                HandOver(keyframe_thread))
        self.localiser = Localiser(self.map, tracker, self.relocaliser, self.loops.candidates.index, config)
        self.frames = FrameAdjustment(self.map, tracker, config.frame_adjustment) if config.frame_adjustment else None
        self.sharpness = Sharpness(config.sharpness)
        self.preparation = Preparation(self.camera, config, self.stage_times)
        self.scene = StaticScene(self.camera, config.moving_parts, self.stage_times)
        self.merger = PassMerger(self.camera, config.fusion, config.loops.candidates.min_gap)
        self.requests = DepthRequests()
        self.submaps_are_joined = False
        """Whether what can be joined is; by stricter rules than those between parts of one recording, perhaps."""
        self._anchor: np.ndarray | None = None
        self._awaits_adjustment = False
        """Whether the window with the newest keyframe is still being adjusted."""

    def begin_elsewhere(self, anchored_count: int) -> None:
        """Another recording goes on in this map, which was restored from a file: the map's first keyframes, as many as
        that, keep its world and its scale."""
        self.keyframes.anchored_count = anchored_count
        self._anchor = self.keyframes.S_world_key()[0]
        self.localiser.begin_elsewhere()

    @property
    def only_localises(self) -> bool:
        """Whether frames are located in the map as it is, and nothing is added to it."""
        return self.localiser.only_localises

    @only_localises.setter
    def only_localises(self, value: bool) -> None:
        self.localiser.only_localises = value

    def process(self, frame: Frame) -> FrameResult:
        """Track one frame and add it to the map."""
        image = self._static_part(self.prepare(frame))
        mask_begins = self.scene.mask_begins(frame.usable)
        if not len(self.keyframes):
            return self._begin(image, frame, np.eye(4), submap=0, otherwise="waiting")
        if self.only_localises:
            return self._localised(image)
        if mask_begins:  # what was tracked up to now may have been an overlay
            return self._begin_submap(image, frame, otherwise="lost")
        self._take_adjusted(must=self.loops.trial is not None)  # a loop may move the window
        self._close_loops()
        self.depth.finish_next()
        self._add_awaited()
        tracked, status = self.localiser.locate(image)
        if tracked is None:
            return self._lost(image, frame)
        is_due = self._is_keyframe_due(image, tracked)
        known = self.localiser.return_to_known(image, tracked) if is_due else None
        if known is not None:
            tracked, is_due = known, False
        is_asked_for = is_due and self.requests.ask(frame, image, tracked, self.keyframes)
        T_world_cam = self.map.place_camera(image.timestamp_s, se3.inverse(tracked.T_cam_key))
        is_doubtful = self.scene.is_doubtful(T_world_cam)
        self._keep(image)
        if frame.depth_on_request is None:
            if is_due or self.config.depth_is_relative:
                self._take_adjusted(must=True)
            depth = self.depth.take(image, T_world_cam, is_due)
            is_keyframe = is_due and self._add_keyframe(image, frame, depth, T_world_cam, tracked)
        else:
            depth, is_keyframe = self._add_awaited() if is_asked_for else (None, False)
        return FrameResult(image.index, image.timestamp_s, status, T_world_cam, is_keyframe, tracked,
                           *((depth.inverse_depth, depth.fused) if depth else (None, None)), is_doubtful)

    def _localised(self, image: Image) -> FrameResult:
        """Result of an image that is located in the map as it is."""
        tracked, status = self.localiser.locate(image)
        if tracked is None:
            self.scene.forget()
            return FrameResult(image.index, image.timestamp_s, status)
        T_world_cam = self.map.place_camera(image.timestamp_s, se3.inverse(tracked.T_cam_key))
        return FrameResult(image.index, image.timestamp_s, status, T_world_cam, tracked=tracked,
                           is_doubtful=self.scene.is_doubtful(T_world_cam))

    def _static_part(self, image: Image) -> Image:
        """The image without what moves by itself in it, by its own depth or, where that was not predicted, the last
        keyframe's."""
        has_depth = not len(self.keyframes) or image.inverse_depth.any()
        return self.scene.of(image, None if has_depth else self.keyframes.reference.inverse_depth)

    def prepare(self, frame: Frame) -> Image:
        """The next frame at working size, if that was not done ahead."""
        return frame.image if isinstance(frame, PreparedFrame) else self.preparation.image_of(frame)

    def begin(self, image: Image, T_world_cam: np.ndarray, submap: int, otherwise: str) -> FrameResult:
        """Make an image the first keyframe of a submap; its depth sets the submap's scale. `otherwise`: the status of
        an image with too little texture or depth for that."""
        if not self._make_keyframe(image, FrameDepth(image.inverse_depth, None, None), T_world_cam, None, submap):
            return FrameResult(image.index, image.timestamp_s, otherwise)
        self.localiser.begin()
        self.map.begin(image.timestamp_s, T_world_cam)
        self._keep(image)
        depth = self.depth.first(image, T_world_cam)
        return FrameResult(image.index, image.timestamp_s, "tracked", T_world_cam, True, None,
                           depth.inverse_depth, depth.fused)

    @stage("keep")
    def _keep(self, image: Image) -> None:
        """Keep the image of a located frame for the final adjustment."""
        if self.frames:
            self.frames.add(image)

    def _add_awaited(self) -> tuple[FrameDepth | None, bool]:
        """Make the awaited keyframe one, if its depth has arrived -> its depth, and whether it is one now"""
        awaited = self.requests.arrived(self.keyframes)
        if awaited is None:
            return None, False
        self._take_adjusted(must=True)
        image, T_world_cam = awaited.image(), awaited.T_world_cam(self.keyframes)
        depth = self.depth.take(image, T_world_cam, is_keyframe_due=True)
        return depth, self._add_keyframe(image, awaited.frame, depth, T_world_cam, awaited.tracked)

    def _lost(self, image: Image, frame: Frame) -> FrameResult:
        """Result of an image without a pose. After some time a new submap begins, at the last known pose."""
        self.scene.forget()
        if not self.localiser.is_given_up(image.timestamp_s):
            return FrameResult(image.index, image.timestamp_s, "lost")
        return self._begin_submap(image, frame, otherwise="lost")

    def _begin_submap(self, image, frame, otherwise):
        return self._begin(image, frame, self.map.motion.T_world_cam, int(self.keyframes.submap.max()) + 1, otherwise)

    def _begin(self, image, frame, T_world_cam, submap, otherwise):
        result = self.begin(_with_depth(image, frame), T_world_cam, submap, otherwise)
        if result.is_keyframe:
            self.images.add(self.keyframes.reference.row, frame.rgb)
        return result

    def _is_keyframe_due(self, image: Image, tracked: TrackingResult) -> bool:
        """Whether the camera is far enough from the reference keyframe for a new one; blurred images wait longer."""
        sharpness = self.sharpness(image, self.keyframes.reference, tracked)
        return self.keyframes.needs_new(tracked, self.sharpness.patience(sharpness))

    def _add_keyframe(self, image: Image, frame: Frame, depth: FrameDepth, T_world_cam: np.ndarray,
                      tracked: TrackingResult) -> bool:
        """Make a tracked image a keyframe, keep its frame's image, and look for what tells the scale in it. False if it
        has too little texture or depth."""
        is_keyframe = self._make_keyframe(image, depth, T_world_cam, tracked)
        if is_keyframe:
            self.images.add(self.keyframes.reference.row, frame.rgb)
            self.depth.look_for_scale(frame)
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
            if image.usable is not None:
                inverse_depth[~image.usable] = 0
        keyframe = self.keyframes.make(image, image.pyramid, inverse_depth, self.config.depth_log_std,
                                       with_grid=self.depth.has_grid)
        if keyframe is None:
            return False
        keyframe.features = self.relocaliser.describe(image.gray, image.usable)
        reference_row = self.keyframes.reference.row if new_submap is None else None
        self._take_adjusted(must=True)
        self.map.add_keyframe(keyframe, T_world_cam, new_submap)
        self.loops.add(self.keyframes, reference_row)
        self.localiser.keyframe_added()
        self.depth.add_keyframe(image, reference_row, tracked)
        self._awaits_adjustment = True
        if new_submap is not None:  # alone in its window
            self._take_adjusted(must=True)
        return True

    def _take_adjusted(self, must: bool) -> None:
        """Take over the poses of the window with the newest keyframe, if they are adjusted by now; `must`: wait for
        them, since they are needed, or may be moved."""
        if self._awaits_adjustment and self.depth.is_adjusted(must):
            self._awaits_adjustment = False
            self.loops.remeasure(self.keyframes, self.depth.adjusted_rows)

    @stage("loops")
    def _close_loops(self) -> None:
        """One small step of loop closure; the rest follows with the next frames."""
        S_world_key = self.loops.step(self.keyframes, len(self.keyframes) - self._awaits_adjustment)
        if S_world_key is not None:
            self.move_map(S_world_key)
            self.merger.add(self.keyframes, self.loops.closed[-1])
        elif merging := self.merger.next(self.keyframes):
            self.map.later(merging)

    def move_map(self, S_world_key: np.ndarray) -> None:
        """Give all keyframes new similarities (K, 4, 4); everything else follows."""
        self.scene.forget()
        self.depth.map_moved(self.map.move(S_world_key))

    def finish(self) -> None:
        """After the last frame: finalise the waiting keyframes and loops, then the scale."""
        self.requests.forget()
        self._take_adjusted(must=True)
        self.depth.finish_keyframes()
        while self.loops.is_busy or self.merger.waiting:
            self._close_loops()
        self.depth.finisher.finish_scale()

    def adjust_all(self) -> Iterator[float]:
        """Join submaps, then global bundle adjustment, then the frames between keyframes, a piece at a time -> share of
        the work that is done."""
        pairs = [(loop.new, loop.old) for loop in self.loops.closed]
        pairs += yield from self._join_submaps()
        for share in self.depth.finisher.adjust_all(self.loops.candidates.overlap, pairs, self.loops.graph.odometry):
            yield ADJUSTED_FROM + (FRAMES_FROM - ADJUSTED_FROM) * share
        self._hold_world()
        if self.frames:
            with self.stage_times.timed("frames"):
                for share in self.frames.steps():
                    yield FRAMES_FROM + (1 - FRAMES_FROM) * share

    def _hold_world(self) -> None:
        """Bring a map that extends a saved one back to that one's world and scale, where a submap that was joined to it
        was the larger one."""
        if self._anchor is None:
            return
        S_world_key = self.keyframes.S_world_key()
        S_move = self._anchor @ sim3.inverse(S_world_key[0])
        if np.abs(S_move - np.eye(4)).max() > MIN_MOVE:
            is_here = self.keyframes.submap == self.keyframes.submap[0]
            self.move_map(np.where(is_here[:, None, None], S_move @ S_world_key, S_world_key))

    def _join_submaps(self) -> Generator[float, None, list[tuple[int, int]]]:
        """Yields the share of the final adjustment's work that is done, returns pairs of rows that show one place."""
        c = self.config
        if self.submaps_are_joined or not c.adjustment or len(np.unique(self.keyframes.submap)) < 2:
            return []
        joiner = SubmapJoiner(self.camera, self.verifier, self.loops.candidates.index, c.adjustment.tracks, c.joining)
        with self.stage_times.timed("join"):
            for share in joiner.steps(self.keyframes, self.move_map):
                yield ADJUSTED_FROM * share
        return [(meeting.first, meeting.second) for meeting in joiner.joined]

    def estimate_depth(self) -> Iterator[float]:
        """Estimate all keyframes' final depth, a piece at a time -> share of the work that is done."""
        return self.depth.finisher.estimate_depth(self.loops.candidates.overlap)

    def end_tracking(self) -> None:
        """Forget what only further frames need: from then on, none can be processed."""
        self.keyframes.forget_points()
        self.frames = None

    def rebuild(self) -> Iterator[float]:
        """Build the map anew from all keyframes' final depth, a piece at a time -> share of the work that is done."""
        return self.depth.finisher.rebuild()

    @property
    def keyframes(self) -> Keyframes:
        return self.map.keyframes

    @property
    def surfels(self) -> Surfels:
        return self.map.surfels

    def mesh(self) -> "trimesh.Trimesh":
        """The main submap as a coloured mesh in the world, metres: of its keyframes' final depth where there is such,
        else of its surfels. Raises NoMesh where the map is too small."""
        submap = self.map.main_submap
        views = self.depth.finisher.views(submap)
        if views:
            mesh = build_mesh(views, self.camera, self.config.mesh)
            self.keyframes.memory.let_go()
            return mesh
        return build_surfel_mesh(self.map.surfels_of(submap), self.keyframes.T_world_key, self.config.mesh)

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
