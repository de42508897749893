"""A length in a result, in words."""

import math
from collections.abc import Mapping
from typing import Any

from monofuse.results.report_table import doubt


def length_in_words(report: Mapping[str, Any], length_m: float) -> str:
    """A length, and how sure it is by the report."""
    log_std = report.get("scale_log_std")
    if log_std is None:
        return f"{length_m:.3f}, but of what: {doubt(report)}" if report.get("scale_doubtful") else f"{length_m:.3f} m"
    low_m, high_m = length_m * math.exp(-log_std), length_m * math.exp(log_std)
    text = f"{length_m:.3f} m, two times in three between {low_m:.3f} and {high_m:.3f} m"
    return f"{text}: {doubt(report)}" if report.get("scale_doubtful") else text
