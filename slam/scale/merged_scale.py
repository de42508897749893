"""The scale of a map that is made of several: what each one says of it, weighed by how sure it is.

Errors of one network in one place are alike, so several of its opinions are hardly surer than the surest of them: the
standard deviation of the result is that one's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

UNKNOWN = ("network", "nothing")
"""Sources of a scale (`scale_from`) that do not count beside one that the user or the recording gave."""
MIN_LOG_STD = 0.01
"""Standard deviation of the log of the scale that no map is below, though the user gave a factor."""


class MapSize(NamedTuple):
    """What one map says of the size of the whole."""

    log_growth: float
    """Log of the factor by which the whole had to grow to be as large as this map was."""
    report: Mapping[str, Any]
    """See MapScale.report; empty where a sensor has measured it."""


def weighed(sizes: Sequence[MapSize]) -> tuple[float, dict[str, Any]]:
    """-> log of the factor by which the whole has to grow, and the report on its scale. Known scales decide alone."""
    known = [size for size in sizes if size.report and size.report["scale_from"] not in UNKNOWN]
    deciding = known or [size for size in sizes if _log_std(size) < math.inf] or list(sizes)
    weights = [min(_log_std(size), 1e3) ** -2 for size in deciding]
    log_growth = sum(weight * size.log_growth for weight, size in zip(weights, deciding)) / sum(weights)
    surest = min(deciding, key=_log_std)
    report = dict(surest.report)
    if "scale_times_network" in report:
        growth = math.exp(log_growth - surest.log_growth)
        report["scale_times_network"] = round(report["scale_times_network"] * growth, 4)
    return log_growth, report


def _log_std(size):
    """Of the log of a map's scale; infinite where nobody knows it."""
    if not size.report:
        return MIN_LOG_STD
    if size.report["scale_from"] in ("factor", "measure"):
        return MIN_LOG_STD
    log_std = size.report.get("scale_log_std")
    return math.inf if log_std is None else max(log_std, MIN_LOG_STD)
