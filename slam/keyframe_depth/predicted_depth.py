"""Predicted depth, refined keyframe by keyframe: by geometry where that determines it, else as the network predicts.

A keyframe waits until later ones have seen the same surfaces, is finalised by stereo with its neighbours, and fused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from calib.geometry import se3
from sequences.frame import Frame
from slam.hand_over import HandOver
from slam.keyframe_depth.depth_alignment import AlignedDepth, align_depth, scaled
from slam.keyframe_depth.map_finisher import MapFinisher
from slam.keyframe_depth.refinement import FinishedDepth, Refiner
from slam.keyframe_depth.relative_depth import fitted_to
from slam.keyframe_depth.stereo import StereoDepth
from slam.mapping.keyframes import Keyframe
from slam.mapping.live_map import LiveMap
from slam.mapping.measured_depth import FrameDepth
from slam.scale.map_scale import MapScale
from slam.stages import stage
from slam.tracking.image import Image
from slam.tracking.tracker import TrackingResult

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from slam.config import SlamConfig

PREVIEW = np.float32(1)
"""Observations that a keyframe's depth counts as in the map before it is final."""


class Adjusted(NamedTuple):
    """The newest keyframe, when its window is adjusted."""

    keyframe: Keyframe
    image: Image
    usual: tuple[float, float] | None
    """See Refiner.usual_scale."""


class PredictedDepth:
    """Takes each frame's predicted depth into the map; same methods as slam.mapping.measured_depth.MeasuredDepth."""

    has_grid = False

    def __init__(self, live_map: LiveMap, config: SlamConfig, executor: Executor):
        """executor: has the thread that adjusts windows and finalises depth."""
        self.map, self.config, self.stage_times = live_map, config, live_map.stage_times
        assert config.refinement is not None, "without it, see UnrefinedDepth"
        self.adjusting: HandOver[Adjusted] = HandOver(executor)
        self.finishing: HandOver[FinishedDepth] = HandOver(executor)
        self.refiner = Refiner(live_map.camera, config.refinement, live_map.keyframes.memory, bool(config.final_depth))
        self.map_scale = MapScale(config.known_scale, config.refinement.network_scale.doubtful_log_std,
                                  config.depth_is_relative)
        self.log_scale = 0.0
        """Log of the factor that brought the last frame's depth to the map's."""
        self.fused_count = 0
        self.told: Callable[[np.ndarray, StereoDepth], None] | None = None
        """Called with the image (h, w, 3) uint8 and the depth of each keyframe as it is finalised; must not wait."""
        self.finisher = MapFinisher(live_map, config, self.refiner, self.map_scale, self.map_moved)

    @property
    def adjusted_rows(self) -> list[int]:
        """Keyframes of the window, whose poses an adjustment changes."""
        return self.refiner.rows

    @property
    def predictions_used(self) -> int:
        """Predicted depth maps that went into the map: those of keyframes."""
        return len(self.refiner.network_depth)

    def first(self, image: Image, T_world_cam: np.ndarray) -> FrameDepth:
        """Depth of the first frame of a submap, whose keyframe was just added: it sets the scale."""
        self.log_scale = 0.0
        return FrameDepth(image.inverse_depth, None, None)

    def take(self, image: Image, T_world_cam: np.ndarray, is_keyframe_due: bool) -> FrameDepth:
        """Bring a tracked frame's depth to the map's scale; only keyframes are fused."""
        if self.adjusting:  # the window is another thread's now; no keyframe is due then
            return FrameDepth(scaled(image.inverse_depth, self.log_scale).inverse_depth, None, None)
        if self.config.depth_is_relative:
            image = self._fitted(image, T_world_cam, is_keyframe_due)
        depth, view = self._aligned(image, T_world_cam), None
        if depth is None and is_keyframe_due:
            view = self.map.render(T_world_cam)
            depth = align_depth(image.inverse_depth, view, self.log_scale, self.config.alignment)
        elif depth is None:
            depth = scaled(image.inverse_depth, self.log_scale)
        self.log_scale = depth.log_scale
        return FrameDepth(depth.inverse_depth, view, None)

    def _fitted(self, image: Image, T_world_cam: np.ndarray, may_render: bool = True) -> Image:
        """The image, its depth with factor and summand of the map, since the network knows it only up to these: of the
        window's points or, where these are too few, of the map that is rendered."""
        c, inverse_depth = self.config.relative_depth, image.inverse_depth
        if not inverse_depth.any():
            return image
        u, v, rho = self.refiner.window.located(se3.inverse(T_world_cam), self.map.camera)
        known = inverse_depth[v, u] > 0
        at, rho = inverse_depth[v, u][known], rho[known]
        if len(rho) < c.min_points and may_render:
            view = self.map.render(T_world_cam)
            common = (view.confidence >= self.config.alignment.min_confidence) & (view.depth_m > 0) & \
                (inverse_depth > 0)
            at, rho = inverse_depth[common], 1 / view.depth_m[common]
        return image._replace(inverse_depth=fitted_to(inverse_depth, at, rho, c))

    @stage("align")
    def _aligned(self, image: Image, T_world_cam: np.ndarray) -> AlignedDepth | None:
        """Depth aligned to the window's points; None where too few are in view."""
        return self.refiner.dense(image.inverse_depth, T_world_cam)

    def add_keyframe(self, image: Image, reference_row: int | None, tracked: TrackingResult | None) -> None:
        """The newest keyframe was just added; it was tracked against `reference_row`. Have the window adjusted with it.
        """
        keyframe, keyframes = self.map.keyframes.reference, self.map.keyframes
        T_world_key = keyframes.T_world_key[keyframe.row]
        if self.config.depth_is_relative:
            image = self._fitted(image, T_world_key)
        if reference_row is None or not self.refiner.is_last(reference_row):
            self.finish_keyframes()
            self.refiner.begin()
        usual = self.refiner.usual_scale(keyframes)
        aligned = self.refiner.dense(image.inverse_depth, T_world_key, usual)
        prior = keyframe.inverse_depth if aligned is None else aligned.inverse_depth
        self.refiner.add(keyframe.row, T_world_key, tracked, image, prior)
        window = self.refiner.window

        def adjusted() -> Adjusted:
            with self.stage_times.timed("refine"):
                window.adjust()
            return Adjusted(keyframe, image, usual)
        self.adjusting.begin(adjusted)

    def is_adjusted(self, must: bool) -> bool:
        """Whether the poses of the window with the newest keyframe are adjusted now, which they were not before. To be
        called once a frame; `must`: wait for it, since nobody may use the window meanwhile."""
        adjusted = self.adjusting.rest() if must else self.adjusting.due()
        for each in adjusted:
            self._take_adjusted(*each)
        return bool(adjusted)

    def _take_adjusted(self, keyframe: Keyframe, image: Image, usual: tuple[float, float] | None) -> None:
        """Move the window's keyframes, align the newest one's depth to its points, and fuse a preview of it; then an
        older one has neighbours enough for its final depth."""
        row, keyframes = keyframe.row, self.map.keyframes
        self._follow_scale(self.map.move(self.refiner.moved(keyframes)))
        refined = self.refiner.dense(image.inverse_depth, keyframes.T_world_key[row], usual)
        if refined is not None:
            self.refiner.log_ratio[row] = refined.log_scale
            keyframes.redraw(keyframe, image.pyramid, refined.inverse_depth, self.config.depth_log_std)
        self._fuse(row, image, keyframe.inverse_depth, np.full(self.map.camera.size, PREVIEW))
        next_row = self.refiner.next_row()
        if next_row is not None:
            self._begin_to_finish(next_row)

    def finish_next(self) -> None:
        """Once a frame: take depth that is final by now into the map."""
        for finished in self.finishing.due():
            self._take_finished(finished)

    def finish_keyframes(self) -> None:
        """Finalise the depth of all keyframes that still wait, with the neighbours that there are."""
        while self.refiner.unfinished:
            self._begin_to_finish(next(iter(self.refiner.unfinished)))
        for finished in self.finishing.rest():
            self._take_finished(finished)

    def _begin_to_finish(self, row: int) -> None:
        work = self.refiner.finishing(row, self.map.keyframes)

        def timed() -> FinishedDepth:
            with self.stage_times.timed("finish"):
                return work()
        self.finishing.begin(timed)

    @stage("take")
    def _take_finished(self, finished: FinishedDepth) -> None:
        """Give a keyframe its final depth, and fuse it in place of its preview."""
        row, image, stereo = finished.row, finished.image, self.refiner.finished(finished, self.map.keyframes)
        self.map.keyframes.redraw(self.map.keyframes.items[row], image.pyramid, *stereo)
        self._fuse(row, image, stereo.inverse_depth, self.refiner.observations(stereo))
        if self.told:
            self.told(image.rgb, stereo)

    def _fuse(self, row: int, image: Image, inverse_depth: np.ndarray, observations: np.ndarray) -> None:
        """Fuse a keyframe's depth: a preview first, the final one later; the map ages by one each time."""
        self.map.fuse_later(image, inverse_depth, row, self.fused_count, observations)
        self.fused_count += 1

    def map_moved(self, factor: np.ndarray) -> None:
        """The keyframes' poses were corrected, and each one's scale grew by its factor (K,)."""
        self._follow_scale(factor)
        self.refiner.map_moved(self.map.keyframes, factor)
        self.finisher.final = None

    def maps_merged(self, parts: Sequence[range], report: Mapping[str, Any]) -> None:
        """The keyframes in each of `parts`, by row, came from another map, perhaps with another network, and have the
        scale of the whole now, on which `report` is. What their networks say of it is no news from here on."""
        for rows in parts:
            self.refiner.fit_network(self.map.keyframes, rows)
        self.map_scale.inherit(dict(report))

    def _follow_scale(self, factor: np.ndarray) -> None:
        self.log_scale += float(np.log(factor[self.map.keyframes.reference.row]))

    @stage("scale")
    def _look_for_scale(self, frame: Frame) -> None:
        self.map_scale.known.look(frame, self.map.camera, self.map.keyframes.reference.row)

    def scale_report(self) -> dict:
        """Values on the scale of the main submap for report.json."""
        return self.map_scale.report(self.map.main_submap)

    @property
    def scale_problem(self) -> str | None:
        """One line on why a known scale could not be used, or None."""
        return self.map_scale.known.problem if len(self.map.keyframes) else None

    def look_for_scale(self, frame: Frame) -> None:
        """Look at the full-size frame of the newest keyframe for what tells the map's scale, where that is known."""
        if self.map_scale.known.cue:
            self._look_for_scale(frame)
