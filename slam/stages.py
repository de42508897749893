"""How long each stage of the pipeline takes."""

import functools
import time
from collections import defaultdict

import numpy as np


class StageTimes:
    """Milliseconds of every call, by stage."""

    def __init__(self):
        self.ms = defaultdict(list)

    def add(self, stage, ms):
        self.ms[stage].append(ms)

    def summary(self):
        """{stage: {median_ms, p95_ms, calls}}"""
        return {stage: {"median_ms": round(float(np.median(values)), 3),
                        "p95_ms": round(float(np.percentile(values, 95)), 3), "calls": len(values)}
                for stage, values in self.ms.items()}


def stage(name):
    """Decorate a method of an object with `stage_times`: its calls are timed under `name`."""
    def decorate(method):
        @functools.wraps(method)
        def timed(self, *args, **kwargs):
            start = time.perf_counter()
            try:
                return method(self, *args, **kwargs)
            finally:
                self.stage_times.add(name, 1e3 * (time.perf_counter() - start))
        return timed
    return decorate
