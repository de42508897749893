"""What takes the place of a viewer and a recorder that nobody asked for: the same methods, which do nothing."""

from collections.abc import Iterable

from sequences.frame import Frame
from slam.system import FrameResult


class NoViewer:
    """Stands in for monofuse.interface.viewer.Viewer."""

    def show(self, frame: Frame, result: FrameResult) -> None:
        """Show nothing."""


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
