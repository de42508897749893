"""Room for one message: who is slower than the camera takes the newest, and what it missed is counted."""

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Between the thread that receives and the one that works."""

    def __init__(self) -> None:
        self._full = threading.Condition()
        self._item: Item | None = None
        self._is_closed = False
        self.dropped = 0
        """Items that a newer one replaced before anyone took them."""

    def put(self, item: Item) -> None:
        """Leave an item, in place of one that nobody has taken."""
        with self._full:
            self.dropped += self._item is not None
            self._item = item
            self._full.notify()

    def take(self) -> Item | None:
        """Wait for an item; None once the box is closed."""
        with self._full:
            self._full.wait_for(lambda: self._item is not None or self._is_closed)
            item, self._item = self._item, None
            return None if self._is_closed else item

    def close(self) -> None:
        """Let `take` return."""
        with self._full:
            self._is_closed = True
            self._full.notify_all()
