"""A saved map in the place of the recording that it was made of, for what reports and pictures say of it."""

from collections.abc import Iterator

from monofuse.maps.saved_map import SavedMap
from sequences.frame import Frame
from sequences.sequence import Sequence, SkipLog


class SavedSequence(Sequence):
    """The last recording of a map, without its frames."""

    def __init__(self, saved: SavedMap):
        self.name = saved.sessions[-1][1]
        self.camera = saved.camera
        self.frame_count = None
        self.skipped = SkipLog()

    def __iter__(self) -> Iterator[Frame]:
        return iter(())
