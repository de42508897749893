"""What is done to a map after the last frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slam.meshing.depth_view import DepthView


class Finisher:
    """Where depth was measured, nothing; slam.keyframe_depth.map_finisher.MapFinisher is that of predicted depth."""

    def finish_scale(self) -> None:
        """Finalise the scale of the map."""

    def adjust_all(self, overlap: Callable, loops: list[tuple[int, int]], tracked: list[tuple[int, int]]
                   ) -> Iterator[float]:
        """Adjust all keyframes jointly, a piece at a time -> share of the work that is done

        The map changes at the end of each round. overlap: see LoopCandidates.overlap; loops: pairs of rows that show
        one place; tracked: pairs of rows, the second tracked against the first."""
        return iter(())

    def estimate_depth(self, overlap: Callable) -> Iterator[float]:
        """Estimate all keyframes' final depth, a piece at a time -> share of the work that is done. overlap: see
        LoopCandidates.overlap."""
        return iter(())

    def rebuild(self) -> Iterator[float]:
        """Build the map anew from all keyframes' final depth, a piece at a time -> share of the work that is done

        The map changes at the end."""
        return iter(())

    def views(self, submap: int) -> list[DepthView]:
        """Depth of a submap's keyframes for a mesh: final, or what it was when the last frame came. None of measured
        depth, whose mesh comes from the surfels."""
        return []
