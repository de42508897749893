"""How many frames a run has read, and what became of them."""

from collections import Counter

from slam.system import FrameResult


class RunCounter:
    """Counts frames by their status."""

    def __init__(self):
        self.status: Counter[str] = Counter()
        self.read = self.doubtful = 0
        self.last_index = -1
        self.loop_s = 0.0
        """Time since the loop over the frames began."""

    def add(self, result: FrameResult) -> None:
        """Count a frame that has been processed."""
        self.read += 1
        self.last_index = result.index
        self.status[result.status] += 1
        self.doubtful += result.is_doubtful

    @property
    def tracked(self) -> int:
        """Frames with a pose."""
        return self.status["tracked"] + self.status["relocalised"]

    @property
    def missed(self) -> int:
        """Frames of the source that did not come this far."""
        return self.last_index + 1 - self.read

    @property
    def fps(self) -> float:
        """Frames per second over the whole loop."""
        return self.read / self.loop_s if self.loop_s > 0 else 0.0

    def describe(self) -> str:
        """A few words for the progress bar."""
        return f"{self.fps:5.1f} frames/s, {self.status['lost']} lost"
