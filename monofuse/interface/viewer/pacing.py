"""How often something is shown: what the viewer does in the thread of the pipeline is rationed by time."""

import time


class Ration:
    """Says when something may be done again: after an interval, and longer after if doing it takes long."""

    def __init__(self, interval_s: float, max_share: float):
        """max_share: of the time, that it may take."""
        self.interval_s, self.max_share = interval_s, max_share
        self.next_s = 0.0

    def due(self) -> bool:
        """Whether it may be done now."""
        return time.perf_counter() >= self.next_s

    def __enter__(self) -> None:
        self.start_s = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        now_s = time.perf_counter()
        self.next_s = now_s + max(self.interval_s, (now_s - self.start_s) / self.max_share)


class Speed:
    """Frames per second since it was last asked."""

    def __init__(self):
        self.count, self.since_s = 0, time.perf_counter()

    def per_second(self) -> float:
        """Of the frames that were counted, after which counting begins anew."""
        now_s = time.perf_counter()
        speed = self.count / max(now_s - self.since_s, 1e-6)
        self.count, self.since_s = 0, now_s
        return speed


def step_for(count: int, limit: int) -> int:
    """Take every n-th of `count` things to have at most `limit`."""
    return max(1, -(-count // limit))
