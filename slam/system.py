"""The whole of SLAM for one frame. Single-threaded and deterministic: the same frames give the same map."""

from typing import NamedTuple

import numpy as np

from calib.geometry import se3
from slam.global_adjustment.global_adjustment import GlobalAdjustment
from slam.keyframe_depth.depth_alignment import AlignedDepth, align_depth, averaged_with_map, scaled
from slam.keyframe_depth.final_map import FinalMap
from slam.keyframe_depth.refinement import Refiner
from slam.loops.loop_closer import LoopCloser
from slam.loops.verification import PlaceCheck
from slam.mapping.dynamic_regions import still_part
from slam.mapping.fusion import Fusion, FusionResult
from slam.mapping.keyframes import Keyframes
from slam.mapping.pass_merger import PassMerger
from slam.mapping.render import render
from slam.mapping.surfels import Surfels
from slam.scale.map_scale import MapScale
from slam.stages import StageTimes, stage
from slam.tracking.image import prepared, working_size
from slam.tracking.motion_model import ConstantVelocity
from slam.tracking.relocalisation import Relocaliser
from slam.tracking.sharpness import Sharpness
from slam.tracking.tracker import Tracker, TrackingResult
from slam.tracking.trajectory import TrackLog

PREVIEW = np.float32(1)
"""What a keyframe's depth counts in the map before it is settled, in observations: enough to be seen."""


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
    """None also where keyframes are fused, not frames."""


class SlamSystem:
    def __init__(self, camera, config):
        """camera: the rectified pinhole of the frames to come."""
        self.config = config
        self.camera = camera.resized(working_size(camera, config))
        self.motion = ConstantVelocity()
        self.tracker = Tracker(config.tracker)
        self.keyframes = Keyframes(config.keyframes)
        self.sharpness = Sharpness(config.sharpness)
        self.relocaliser = Relocaliser(self.camera, config.relocalisation)
        self.surfels = Surfels(config.surfels)
        self.fusion = Fusion(self.camera, config.fusion)
        self.loops = LoopCloser(self.camera, self.place_check(), self.relocaliser, config.depth_is_measured,
                                config.loops)
        self.refiner = config.refinement and Refiner(self.camera, config.refinement, bool(config.final_map))
        self.map_scale = MapScale(config.known_scale)
        self.merger = PassMerger(self.camera, config.fusion, config.loops.candidates.min_gap)
        self.stage_times = StageTimes()
        self.track_log = TrackLog()
        self.fused_keyframes = 0
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
        self.finish_next()
        tracked = self.track(image, self.motion.predict(image.timestamp_s))
        status = "tracked"
        if not self.is_believable(tracked, image.timestamp_s):
            tracked, status = self.relocalise(image), "relocalised"
        if tracked is None:
            return self.lost(image)
        T_world_cam = self.moved_to(image, tracked)
        sharpness = self.sharpness(image, self.keyframes.reference, tracked)
        wants_keyframe = self.keyframes.wants(tracked, self.sharpness.patience(sharpness))
        view = self.render(T_world_cam) if self.fuses_frames or wants_keyframe else None
        depth = self.align(image, view, T_world_cam)
        fused = self.fuse(image, depth, view) if self.fuses_frames else None
        is_keyframe = wants_keyframe and self.add_keyframe(image, depth, view, T_world_cam, tracked)
        if is_keyframe and self.map_scale.known.wants_frames:
            self.look_for_board(frame)
        return FrameResult(image.index, image.timestamp_s, status, T_world_cam, is_keyframe, tracked, depth, fused)

    @property
    def fuses_frames(self):
        """Every frame goes into the map at once; else keyframes do, when their depth is settled."""
        return self.refiner is None

    @stage("prepare")
    def prepare(self, frame):
        return prepared(frame, self.camera, self.config)

    def begin(self, image, T_world_cam=np.eye(4), submap=0, otherwise="waiting"):
        """The first keyframe of a submap: a world's frame, and the scale of everything after."""
        depth = AlignedDepth(image.inverse_depth, 0.0, 0.0)
        if not self.add_keyframe(image, depth, None, T_world_cam, None, submap):
            return FrameResult(image.index, image.timestamp_s, otherwise)
        self.log_scale = 0.0
        self.found()
        self.log_pose(image, np.eye(4))
        self.motion.reset(T_world_cam)
        self.motion.update(image.timestamp_s, T_world_cam)
        fused = self.fuse(image, depth, self.render(T_world_cam)) if self.fuses_frames else None
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
    def render(self, T_world_cam, submap=None):
        """The map of a submap, by default the active one."""
        is_here = self.keyframes.submap == (self.keyframes.active_submap if submap is None else submap)
        return render(self.surfels, self.camera, T_world_cam, self.keyframes.T_world_key, is_here)

    @stage("align")
    def align(self, image, view, T_world_cam):
        if self.config.depth_is_measured:
            return AlignedDepth(still_part(image.inverse_depth, self.keyframes, T_world_cam, self.camera.pinhole,
                                           self.config.moving), 0.0, 0.0)
        depth = self.refiner.dense(image.inverse_depth, T_world_cam) if self.refiner else None
        if depth is None and view is None:
            depth = scaled(image.inverse_depth, self.log_scale)
        elif depth is None:
            depth = align_depth(image.inverse_depth, view, self.log_scale, self.config.alignment)
        self.log_scale = depth.log_scale
        return depth

    @stage("fuse")
    def fuse(self, image, depth, view):
        return self.fusion(self.surfels, view, depth.inverse_depth, image.rgb, self.keyframes.reference.row,
                           image.index)

    @stage("keyframe")
    def add_keyframe(self, image, depth, view, T_world_cam, tracked, new_submap=None):
        """Make this image the reference, or the first of a new submap; False if it has too little to hold on to."""
        inverse_depth = depth.inverse_depth
        if view is not None:
            inverse_depth = averaged_with_map(inverse_depth, view, self.config.fusion.depth_tolerance,
                                              self.config.surfels.stable_confidence)
            inverse_depth[(depth.inverse_depth == 0) & (image.inverse_depth > 0)] = 0  # what moves hides the map
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
        if self.refiner:
            self.refine(image, keyframe, reference, tracked)
            self.fuse_keyframe(keyframe.row, image, keyframe.inverse_depth,
                               np.full(self.camera.size, PREVIEW))
        return True

    @stage("board")
    def look_for_board(self, frame):
        self.map_scale.known.look(frame, self.camera, self.keyframes.reference.row)

    @stage("refine")
    def refine(self, image, keyframe, reference, tracked):
        """Adjust the last keyframes jointly, and give the newest the depth that comes of it."""
        if reference is None or not self.refiner.knows(reference):
            self.finish_keyframes()
            self.refiner.begin()
        row, usual = keyframe.row, self.refiner.usual_scale(self.keyframes)
        aligned = self.refiner.dense(image.inverse_depth, self.keyframes.T_world_key[row], usual)
        prior = keyframe.inverse_depth if aligned is None else aligned.inverse_depth
        self.refiner.add(row, self.keyframes.T_world_key[row], tracked, image, prior)
        self.move_map(self.refiner.moved(self.keyframes))
        self.loops.remeasure(self.keyframes, self.refiner.rows)
        refined = self.refiner.dense(image.inverse_depth, self.keyframes.T_world_key[row], usual)
        if refined is not None:
            self.refiner.log_ratio[row] = refined.log_scale
            self.keyframes.redraw(keyframe, image.pyramid, refined.inverse_depth, self.config.depth_log_std)

    @stage("finish")
    def finish_keyframe(self, row):
        """Settle a keyframe's depth, and fuse it in place of its preview."""
        image, stereo = self.refiner.finish(row, self.keyframes)
        self.keyframes.redraw(self.keyframes.items[row], image.pyramid, *stereo)
        self.fuse_keyframe(row, image, stereo.inverse_depth, self.refiner.observations(stereo))

    def fuse_keyframe(self, row, image, inverse_depth, observations):
        """A keyframe comes twice, before and after it is settled, and the map ages by one each time."""
        view = self.render(self.keyframes.T_world_key[row], self.keyframes.submap[row])
        self.fusion(self.surfels, view, inverse_depth, image.rgb, row, self.fused_keyframes, observations)
        self.fused_keyframes += 1

    def finish_next(self):
        """The next keyframe that has enough others around it, if there is one."""
        row = self.refiner.finished_row() if self.refiner else None
        if row is not None:
            self.finish_keyframe(row)

    def finish_keyframes(self):
        """All that wait for others, with what there is."""
        while self.refiner and self.refiner.unfinished:
            self.finish_keyframe(next(iter(self.refiner.unfinished)))

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
            self.carry_on(S_world_key)
            self.merger.add(self.keyframes, self.loops.closed[-1])
        else:
            self.merger.step(self.surfels, self.keyframes)

    def finish(self):
        """After the last frame: look at what still waits, and settle how large everything is."""
        self.finish_keyframes()
        while self.loops.is_busy or self.merger.waiting:
            self.close_loops()
        if self.refiner and len(self.keyframes):
            self.settle_scale()

    def adjust_all(self):
        """Adjust all keyframes to each other, a piece at a time -> share of the work that is done. Nothing changes
        before a round's end."""
        c = self.config.adjustment
        if not (c and self.refiner and len(self.keyframes)):
            return
        adjustment = GlobalAdjustment(self.camera, self.loops.candidates.overlap, c)
        for done in range(c.rounds):
            with self.stage_times.timed("adjust"):
                for share in adjustment.steps(self.keyframes, self.refiner.network_depth,
                                              [(loop.new, loop.old) for loop in self.loops.closed]):
                    yield (done + share) / c.rounds
            if adjustment.S_world_key is None:
                return
            self.carry_on(adjustment.S_world_key)
            self.settle_scale()

    def rebuild(self):
        """Estimate all keyframes' depth again and build the map anew, a piece at a time -> share of the work that is
        done. Nothing changes before the end."""
        if self.config.final_map and self.refiner and len(self.keyframes):
            final = FinalMap(self.camera, self.keyframes, self.loops.candidates.overlap, self.refiner, self.config)
            with self.stage_times.timed("final"):
                yield from final.steps()
            self.surfels = final.surfels

    def settle_scale(self):
        self.carry_on(self.map_scale.by_network(self.keyframes, self.refiner))
        self.carry_on(self.map_scale.by_knowledge(self.keyframes, self.refiner, self.surfels))

    def carry_on(self, S_world_key):
        """Move the map, and what works on it with it."""
        factor = self.move_map(S_world_key)
        if self.refiner:
            self.refiner.follow(self.keyframes, factor)

    def move_map(self, S_world_key):
        """Keyframes, surfels and camera take on the keyframes' new poses and scales; the camera stays where it is
        relative to its reference, so tracking goes on as if nothing had happened. -> (K,) growth of each"""
        T_key_cam = se3.inverse(self.T_world_reference) @ self.motion.T_world_cam
        factor = self.keyframes.move(S_world_key)
        if not self.config.depth_is_measured:
            self.surfels.rescale(factor)
        growth = factor[self.keyframes.reference.row]
        T_key_cam[:3, 3] *= growth
        self.motion.move(self.T_world_reference @ T_key_cam, growth)
        self.log_scale += float(np.log(growth))
        return factor

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
