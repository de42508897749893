"""A lock on the folder of a run's results, which goes with the process however that ends."""

import os
from pathlib import Path

from calib.base.errors import OutputError


class FolderLock:
    """Held from its making to the end of its `with` block, or of the process. It is on the folder itself: no file is
    left."""

    def __init__(self, folder: Path):
        """Raises OutputError where another run holds it. Does nothing where the system has no such locks."""
        self._descriptor = None
        try:
            import fcntl
        except ImportError:
            return
        self._descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise OutputError(f"another run is writing to {folder}: wait for its end, or choose another --output"
                              ) from error
        except OSError:  # a file system without locks: no reason not to run
            pass

    def __enter__(self) -> "FolderLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let others have the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
