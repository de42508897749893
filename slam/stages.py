"""Run times of the pipeline's stages."""

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np


class StageTimes:
    """Milliseconds of every call, by stage."""

    def __init__(self):
        self.ms = defaultdict(list)

    def add(self, stage: str, ms: float) -> None:
        """Note one call of a stage."""
        self.ms[stage].append(ms)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Context manager: its block is timed as one call of a stage, also where it raises."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, 1e3 * (time.perf_counter() - start))

    def summary(self) -> dict[str, dict]:
        """{stage: {median_ms, p95_ms, calls}}"""
        return {stage: {"median_ms": round(float(np.median(values)), 3),
                        "p95_ms": round(float(np.percentile(values, 95)), 3), "calls": len(values)}
                for stage, values in self.ms.items()}


def stage(name: str) -> Callable:
    """Decorate a method of an object with `stage_times`: its calls are timed under `name`."""
    def decorate(method):
        @functools.wraps(method)
        def timed(self, *args, **kwargs):
            with self.stage_times.timed(name):
                return method(self, *args, **kwargs)
        return timed
    return decorate
