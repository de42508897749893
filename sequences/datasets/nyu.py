"""NYU Depth v2 as a video, in either layout: a scene of the raw dump, or synchronised images."""

from pathlib import Path

from calib.base.errors import SourceError
from sequences.datasets import nyu_pairs, nyu_raw
from sequences.sequence import Sequence, SourceOptions

LAYOUT = f"{nyu_raw.LAYOUT}, {nyu_pairs.LAYOUT}"


def recognises(path: str | Path) -> bool:
    """Whether either layout lies there."""
    return nyu_raw.recognises(path) or nyu_pairs.recognises(path)


def open_nyu(location: str | Path, options: SourceOptions) -> Sequence:
    """The Sequence of either layout. Raises SourceError."""
    for module, kind in ((nyu_raw, nyu_raw.NyuRawSequence), (nyu_pairs, nyu_pairs.NyuPairsSequence)):
        if module.recognises(location):
            return kind(location, options)
    raise SourceError(f"{location} is no folder of NYU Depth v2: looked for {LAYOUT}")
