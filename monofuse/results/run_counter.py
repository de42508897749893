"""How many frames a run has read, and what became of them."""

import time
from collections import Counter

from slam.system import FrameResult

MAX_DOUBTFUL = 0.03
"""Share of doubtful poses up to which there is nothing to be said."""


class RunCounter:
    """Counts frames by their status."""

    def __init__(self):
        self.status: Counter[str] = Counter()
        self.read = self.doubtful = 0
        self.last_index = -1
        self._begun_s = time.perf_counter()
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
    def doubt(self) -> str | None:
        """One line on frames whose poses are doubtful, None where they are few."""
        if self.doubtful <= MAX_DOUBTFUL * self.tracked:
            return None
        return (f"{self.doubtful} of {self.tracked} poses are doubtful: much of the view moves in another way (people, "
                f"or what is always in view: see --mask)")

    @property
    def missed(self) -> int:
        """Frames of the source that did not come this far."""
        return self.last_index + 1 - self.read

    @property
    def total_s(self) -> float:
        """Time since the counter was made."""
        return time.perf_counter() - self._begun_s

    @property
    def fps(self) -> float:
        """Frames per second over the whole loop."""
        return self.read / self.loop_s if self.loop_s > 0 else 0.0

    def describe(self) -> str:
        """A few words for the progress bar."""
        return f"{self.fps:5.1f} frames/s, {self.status['lost']} lost"
