"""Depth that a sensor measured: metric, used as it is, every frame fused into the map at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sequences.frame import Frame
from slam.mapping.dynamic_regions import static_part
from slam.mapping.finisher import Finisher
from slam.mapping.fusion import FusionResult
from slam.mapping.live_map import LiveMap
from slam.mapping.render import View
from slam.stages import stage
from slam.tracking.image import Image
from slam.tracking.tracker import TrackingResult

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from slam.config import SlamConfig


class FrameDepth(NamedTuple):
    """One frame's depth in the map, and the map from its pose."""

    inverse_depth: np.ndarray
    """(h, w) float32, 1/m, in the scale of the map; 0 where unknown or dynamic."""
    view: View | None
    """The map from the frame's pose, before the frame is fused; None where it is not needed."""
    fused: FusionResult | None
    """None where frames are not fused one by one."""


class MeasuredDepth:
    """Takes each frame's depth into the map. PredictedDepth has the same methods, so that the system serves both."""

    has_grid = True
    """Whether keyframes also offer pixels without gradient to depth alignment."""
    predictions_used = 0
    """Predicted depth maps that went into the map."""
    adjusted_rows: tuple[int, ...] = ()
    """Keyframes whose poses the last adjustment has changed."""

    def __init__(self, live_map: LiveMap, config: SlamConfig, executor: Executor):
        """executor: has a thread for work that measured depth does not have."""
        self.map, self.config, self.stage_times = live_map, config, live_map.stage_times
        self.finisher = Finisher()

    def first(self, image: Image, T_world_cam: np.ndarray) -> FrameDepth:
        """Depth of the first frame of a submap, whose keyframe was just added: it sets the scale."""
        view = self.map.render(T_world_cam)
        return FrameDepth(image.inverse_depth, view, self.fuse(image, image.inverse_depth, view))

    def take(self, image: Image, T_world_cam: np.ndarray, is_keyframe_due: bool) -> FrameDepth:
        """Bring a tracked frame's depth to the map and fuse it."""
        view = self.map.render(T_world_cam)
        inverse_depth = self.aligned(image, T_world_cam, view)
        return FrameDepth(inverse_depth, view, self.fuse(image, inverse_depth, view))

    @stage("align")
    def aligned(self, image: Image, T_world_cam: np.ndarray, view: View) -> np.ndarray:
        """-> (h, w) inverse depth, 1/m, without dynamic regions"""
        return static_part(image.inverse_depth, self.map.keyframes, T_world_cam, self.map.camera.pinhole,
                           self.config.dynamic_regions)

    @stage("fuse")
    def fuse(self, image: Image, inverse_depth: np.ndarray, view: View) -> FusionResult:
        """Fuse a frame's (h, w) inverse depth into the map, as `view` shows it from the frame's pose."""
        return self.map.fuse(view, inverse_depth, image.rgb, self.map.keyframes.reference.row, image.index)

    def add_keyframe(self, image: Image, reference_row: int | None, tracked: TrackingResult | None) -> None:
        """The newest keyframe was just added; it was tracked against `reference_row`. Its depth is final already."""

    def is_adjusted(self, must: bool) -> bool:
        """Whether the poses of the newest keyframes are adjusted now; measured depth needs no adjustment."""
        return True

    def finish_next(self) -> None:
        """Take depth that is final by now into the map; measured depth is at once."""

    def finish_keyframes(self) -> None:
        """Finalise the depth of all keyframes that still wait, with the neighbours that there are."""

    def map_moved(self, factor: np.ndarray) -> None:
        """The keyframes' poses were corrected, and each one's scale grew by its factor (K,)."""

    def maps_merged(self, parts: Sequence[range], report: Mapping[str, Any]) -> None:
        """The keyframes in each of `parts`, by row, came from another map; `report`: on the scale of the whole.
        Measured depth has one."""

    def scale_report(self) -> dict:
        """Values on the scale for report.json; none where depth is metric."""
        return {}

    @property
    def scale_problem(self) -> str | None:
        """One line on why a known scale could not be used, or None."""
        return None

    def look_for_scale(self, frame: Frame) -> None:
        """Look at the full-size frame of the newest keyframe for what tells the map's scale. Measured depth does."""
