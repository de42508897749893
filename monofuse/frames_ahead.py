"""Frames read, and prepared for SLAM, in a thread of their own."""

from collections.abc import Generator, Iterable

from sequences.frame import Frame
from sequences.prefetch import ahead, prefetch
from sequences.sequence import Sequence, is_live
from slam.tracking.preparation import Preparation


def prepared_ahead(frames: Iterable[Frame], sequence: Sequence, preparation: Preparation
                   ) -> Generator[Frame, None, None]:
    """Frames of a sequence; a camera does not wait, so of its frames the newest. These are not prepared: some will be
    left out, and each is prepared with the ones before it."""
    if is_live(sequence):
        return ahead(frames, sequence)
    return prefetch(preparation.each(frames))
