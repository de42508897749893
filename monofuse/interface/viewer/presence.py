"""Whether anybody looks."""

import time
from collections.abc import Callable
from typing import Any

POLL_S = 0.1
RELOAD_S = 5.0
"""For so long a page may be gone before it counts as closed: it may only be loading again."""


class Presence:
    """Knows whether browsers show the viewer, and waits for them to be closed."""

    def __init__(self, server: Any):
        self.server = server
        self.was_there = False
        """Whether any browser ever was."""
        server.on_client_connect(self._came)

    @property
    def is_there(self) -> bool:
        """Whether a browser shows the viewer now."""
        return bool(self.server.get_clients())

    def wait_until_closed(self, is_enough: Callable[[], bool] = lambda: False) -> None:
        """Return once a browser came and all are gone for RELOAD_S, or when `is_enough` says so."""
        last_s = time.monotonic()
        while not is_enough():
            if self.is_there or not self.was_there:
                last_s = time.monotonic()
            elif time.monotonic() - last_s > RELOAD_S:
                return
            time.sleep(POLL_S)

    def _came(self, client: Any) -> None:
        self.was_there = True
