"""What takes the place of a viewer, a log and a recorder that nobody asked for: the same methods, which do nothing."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sequences.frame import Frame
from slam.system import FrameResult, SlamSystem

if TYPE_CHECKING:
    import trimesh


class NoViewer:
    """Stands in for monofuse.interface.viewer.live.Viewer."""

    is_stopped = False

    def heeded(self, frames: Iterable[Frame]) -> Iterable[Frame]:
        """Pass frames on."""
        return frames

    def show(self, frame: Frame, result: FrameResult) -> None:
        """Show nothing."""

    def watch(self, slam: SlamSystem) -> None:
        """Nothing is watched."""

    def say(self, text: str) -> None:
        """Say nothing."""

    def show_corrected(self) -> None:
        """Show nothing."""


class NoLog:
    """Stands in for monofuse.interface.rerun_log.RerunLog."""

    def show(self, frame: Frame, result: FrameResult) -> None:
        """Log nothing."""

    def watch(self, slam: SlamSystem) -> None:
        """Nothing is logged."""

    def finish(self, slam: SlamSystem, mesh: "trimesh.Trimesh | None") -> None:
        """Log nothing."""


class NoRecorder:
    """Stands in for sequences.cameras.recorder.Recorder."""

    def tap(self, frames: Iterable[Frame]) -> Iterable[Frame]:
        """Pass frames on."""
        return frames

    def close(self) -> None:
        """Nothing waits to be written."""

    def counts(self) -> dict[str, int]:
        """Nothing for the report."""
        return {}
