"""Statistics that a third of outliers does not spoil."""

import numpy as np


def robust_std(deviations: np.ndarray) -> float:
    """Standard deviation of deviations (n,) from their centre, by the median absolute deviation."""
    return 1.4826 * float(np.median(np.abs(deviations)))
