"""Which of two passes over a recording is the better one, judged without ground truth."""

from typing import NamedTuple

from monofuse.learning import refined_depth
from slam.system import SlamSystem


class Choice(NamedTuple):
    """Which pass is kept, and why."""

    is_second: bool
    """Whether it is the second one."""
    first_cost: float
    """How badly depth and poses of the first pass explain the images; see FinalDepth.photometric_cost."""
    second_cost: float
    """The same of the second pass."""
    is_whole: bool
    """Whether the second pass tracked all frames that the first one did, but for a few; if not, it is not kept."""


def judged(first: SlamSystem, second: SlamSystem) -> Choice:
    """Compare two passes with final depth -> Choice

    By the photometric cost of the keyframes' depth in each other's images. The agreement of depth among keyframes is no
    judge: it also grows where all become wrong alike."""
    first_cost, second_cost = (refined_depth(slam).finisher.photometric_cost() for slam in (first, second))
    is_whole = len(second.trajectory()[0]) >= MIN_TRACKED * len(first.trajectory()[0])
    return Choice(is_whole and second_cost < first_cost, first_cost, second_cost, is_whole)


MIN_TRACKED = 0.99
"""Share of the first pass's frames that the second one must have in its main part."""
