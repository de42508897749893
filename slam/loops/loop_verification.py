"""Pairs of keyframes on their way through verification: waiting for it, in another thread, and back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from slam.hand_over import HandOver
from slam.loops.candidates import LoopCandidates
from slam.mapping.keyframes import Keyframes
from slam.tracking.relocalisation import Relocaliser

if TYPE_CHECKING:
    from slam.loops.verification import LoopVerifier, SamePlace


class Verified(NamedTuple):
    """What came of the verification of a pair of keyframes."""

    new: int
    """Row of the newer keyframe."""
    old: int
    """Row of the older keyframe."""
    scale: tuple[float, float]
    """Of both, when it began; see Keyframes.scale."""
    place: SamePlace | None
    """Where the two lie, in the units of then; None where it failed."""


class LoopVerification:
    """Has candidates verified, one per frame at most."""

    def __init__(self, verifier: LoopVerifier, relocaliser: Relocaliser, candidates: LoopCandidates,
                 hand_over: HandOver[Verified], max_waiting: int):
        """relocaliser: guesses poses by features; hand_over: to the thread that verifies."""
        self.verify, self.relocaliser, self.candidates = verifier, relocaliser, candidates
        self.waiting: deque[tuple[int, int]] = deque(maxlen=max_waiting)
        """Rows of a newer and an older keyframe."""
        self.under_way = hand_over
        self.verified: deque[Verified] = deque()
        """Results that wait until they are weighed."""

    @property
    def is_busy(self) -> bool:
        """Whether there is any pair that was not weighed."""
        return bool(self.waiting or self.under_way or self.verified)

    def collect(self) -> None:
        """Take what is verified by now. To be called once a frame."""
        self.verified.extend(self.under_way.due())

    def begin_next(self, keyframes: Keyframes, adjusted_count: int, is_redundant: Callable[[int, int], bool]) -> None:
        """Have the pair that waits longest verified, if its keyframes are among the first `adjusted_count`; one that is
        redundant by now is dropped."""
        if not (self.waiting and self.waiting[0][0] < adjusted_count):
            return
        new_row, old_row = self.waiting.popleft()
        if is_redundant(new_row, old_row):
            return
        new, old = keyframes.items[new_row].copy(), keyframes.items[old_row].copy()
        scale = float(keyframes.scale[new_row]), float(keyframes.scale[old_row])
        prediction = self.candidates.prediction(new, old, keyframes)

        def verified() -> Verified:
            guess = self.relocaliser.pose(new.features, old)
            if guess is None and prediction is None:
                return Verified(new_row, old_row, scale, None)
            place = self.verify(new, old, [guess] if guess is not None else [], prediction)
            return Verified(new_row, old_row, scale, place)
        self.under_way.begin(verified)
