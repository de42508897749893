"""Statistics that a third of wrong values does not spoil."""

import numpy as np


def robust_std(deviations: np.ndarray) -> float:
    """Standard deviation by the median absolute deviation: deviations (n,) from a centre, most of them normal."""
    return 1.4826 * float(np.median(np.abs(deviations)))
