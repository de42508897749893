"""The session in which maps of several recordings become one, up to where its keyframes are adjusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from calib.base.errors import MonofuseError
from monofuse.interface.screen import Screen
from monofuse.maps.concatenation import Numbers, concatenated
from monofuse.maps.recorder import MapRecorder
from monofuse.maps.restore import fused, restored_keyframes
from monofuse.maps.saved_map import SavedMap
from monofuse.maps.saved_sequence import SavedSequence
from monofuse.results.outcome import finished
from monofuse.results.run_folder import RunFolder
from monofuse.session import Session
from slam.merging import Merging, Part


class NothingJoined(MonofuseError):
    """No two maps show a common place for sure."""


class MergingSession(Session):
    """A session whose frames were tracked in several others."""

    def __init__(self, saved: SavedMap, merging: Merging, maps: Sequence[SavedMap]):
        """saved: all of `maps` in one file; merging: of its system."""
        super().__init__(SavedSequence(saved), merging.slam)
        self.merging, self.maps = merging, maps
        self.sequence.name = " + ".join(one.sessions[-1][1] for one in maps)
        self.counter.read = saved.info["frames"]
        self.counter.status.update(saved.info["status"])
        self.saw_depth, self.ended = True, "complete"

    def report(self, arguments: Mapping[str, Any], problems: Iterable[str] = ()) -> dict[str, Any]:
        """The content of report.json, with what became of each map."""
        merged = [{"map": str(saved.path), "source": saved.sessions[-1][1], "keyframes": len(part.rows),
                   "frames": saved.info["frames"], "grown_by": round(float(np.exp(log_growth)), 4)}
                  for saved, part, log_growth in zip(self.maps, self.merging.parts, self.merging.log_growth)]
        return super().report(arguments, problems) | {"merged": merged, "merged_by": self.merging.pair_count}


def joined_session(maps: Sequence[SavedMap], folder: RunFolder, screen: Screen) -> MergingSession:
    """Maps -> the session of the largest group of them that is one map now, in the world of the group's first

    Its map is written to the folder. Raises NothingJoined, and BadInputError for a map that cannot be read."""
    while True:
        session = _side_by_side(maps, folder, screen)
        merging = session.merging
        with screen.status("looking for common places") as status:
            for share in merging.join():
                status.update(f"looking for common places: {share:.0%}")
        group = merging.group()
        if len(group) == len(maps):
            break
        session.map.close(folder)
        if len(group) == 1:
            raise NothingJoined(f"no two of {', '.join(str(saved.path) for saved in maps)} show a common place for "
                                "sure: nothing is written, they stay as they are")
        maps = [maps[number] for number in group]
    merging.settle()
    with screen.status("fusing the keyframes") as status:
        for share in fused(session.slam):
            status.update(f"fusing the keyframes: {share:.0%}")
    session.map.reached("tracked", session.slam, session.counter)
    return session


def _side_by_side(maps: Sequence[SavedMap], folder: RunFolder, screen: Screen) -> MergingSession:
    """All maps in one system, nothing joined; the file of the folder holds just that."""
    begins = concatenated(maps, folder.map_path, screen.print)
    with SavedMap(folder.map_path) as saved:
        slam = finished(restored_keyframes(saved, saved.config, False, {}), "reading the maps", screen)
        session = MergingSession(saved, Merging(slam, [*map(_part, maps, begins)]), maps)
    session.map = MapRecorder(folder.map_path, slam, None, {}, extends=folder.map_path)
    return session


def _part(saved: SavedMap, begin: Numbers) -> Part:
    main = saved.trajectory(saved.sessions[-1][0]).main_submap(saved.poses())
    return Part(range(begin.row, begin.row + saved.keyframe_count), begin.submap + main, saved.info["scale"])

