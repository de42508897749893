"""What a run tells its map on disk: who is run, what has changed, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monofuse.configuration import plain
from monofuse.interface.versions import versions
from monofuse.maps.changes import ChangeLog
from monofuse.maps.map_file import STATES, copy_map, create_map, open_map
from monofuse.maps.writer import MapWriter

if TYPE_CHECKING:
    from monofuse.results.run_counter import RunCounter
    from monofuse.results.run_folder import RunFolder
    from slam.system import SlamSystem

INTERVAL_S = 1.0
"""Between two transactions; each waits for the disk once, so this also bounds what a power cut can take."""



class MapRecorder:
    """Writes the map of one run."""

    def __init__(self, path: Path, slam: SlamSystem, source: str | None, info: Mapping[str, Any],
                 extends: Path | None = None):
        """source, info: what the map shall say of the run, source None: nothing, no new recording comes; extends: a map
        that `slam` was restored from, which is copied first, unless it is this file. Raises OutputError."""
        copied = open_map if extends == path else partial(copy_map, extends) if extends else create_map
        self.writer = MapWriter(path, copied, source, info)
        self._log, self._last_s, self._is_anew = ChangeLog(slam, is_written=extends is not None), -INTERVAL_S, False
        slam.images.keeps_for_writer = True
        self._info: dict[str, Any] = {"camera": asdict(slam.full_camera), "working_size": slam.camera.size,
                                      "configuration": plain(slam.config), "versions": versions(),
                                      "state": STATES[0]}

    def step(self, slam: SlamSystem, counter: RunCounter) -> None:
        """After each frame: now and then, have what is new written."""
        now_s = time.monotonic()
        if now_s - self._last_s >= INTERVAL_S and self.writer.is_idle:
            self._last_s = now_s
            self._write(slam, counter)

    def begin_anew(self, slam: SlamSystem) -> None:
        """Another system, without keyframes yet or with images kept for the writer, takes the place of the one so far.
        """
        self._log, self._is_anew = ChangeLog(slam), True
        slam.images.keeps_for_writer = True

    def reached(self, state: str, slam: SlamSystem, counter: RunCounter) -> None:
        """The run has come to one of STATES: wait for what is being written, then have all that is new written."""
        self.writer.wait()
        self._info["state"] = state
        if slam is not self._log.slam:
            self.begin_anew(slam)
        self._write(slam, counter)

    def close(self, folder: RunFolder) -> None:
        """Write what waits, and close the file; where somebody has removed it, write it once more. Raises OutputError
        where anything could not be written."""
        self.writer.wait()
        if self.writer.is_gone:
            self.writer.rescue(folder.rescue_place() / self.writer.path.name)
        else:
            self.writer.close()
            if not len(self._log.slam.keyframes):
                self.writer.path.unlink()  # there is nothing in it to come back to
        if self.writer.failure:
            raise self.writer.failure

    def _write(self, slam, counter):
        changes = self._log.changes()
        changes.is_anew, self._is_anew = self._is_anew, False
        changes.info = {**self._info, "frames": counter.read, "status": dict(counter.status),
                        "scale": slam.depth.scale_report()}
        self.writer.write(changes)
        self._info = {}


class NoMap:
    """Stands in for MapRecorder where no map is written."""

    def begin_anew(self, slam: SlamSystem) -> None:
        """Write nothing."""

    def step(self, slam: SlamSystem, counter: RunCounter) -> None:
        """Write nothing."""

    def reached(self, state: str, slam: SlamSystem, counter: RunCounter) -> None:
        """Write nothing."""

    def close(self, folder: RunFolder) -> None:
        """Nothing is open."""
