"""Recorder: a live source on disk while it runs, in TUM layout, so that a replay sees the very same frames."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from calib.base.errors import OutputError
from calib.files.image_file import encode_png
from calib.formats.calibration_file import Calibration, write_calibration
from sequences.frame import Frame
from sequences.sequence import LiveSequence

QUEUE_LENGTH = 32
"""Frames that may wait for the disk: a second's worth."""
COMPRESSION = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY)
"""PNG loses nothing either way; this is the fastest that halves the size."""
END = object()


class Recorder:
    """Writes the frames that pass through `tap` in a thread of its own.

    Where disk or processor cannot keep up, the queue fills and frames are left out of the recording, which is counted
    and told: waiting would hold up the camera instead. Each line of the index is written after its image, so that
    whatever ends the process leaves a usable recording.
    """

    def __init__(self, folder: str | Path, sequence: LiveSequence, tell: Callable[[str], None]):
        """Raises OutputError where the folder is not empty or cannot be written. `tell` is called from any thread."""
        self.folder = Path(folder)
        self.recorded = self.left_out = 0
        self.error = None
        self._calibration = Calibration(sequence.camera, sequence.depth_scale)
        self._tell = tell
        self._indices = {}
        self._waiting = queue.Queue(QUEUE_LENGTH)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if any(self.folder.iterdir()):
                raise OutputError(f"{self.folder} is not empty: choose another folder for --record")
        except OSError as error:
            raise OutputError(f"cannot record to {self.folder}: {error.strerror}") from error
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def tap(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Pass frames on, after putting each into the queue."""
        for frame in frames:
            self._offer(frame)
            yield frame

    def close(self) -> None:
        """Write what waits. Raises OutputError where something could not be written."""
        self._waiting.put(END)
        self._thread.join()
        for file in self._indices.values():
            file.close()
        if self.error:
            raise OutputError(f"the recording in {self.folder} ends after {self.recorded} frames: {self.error}")

    def counts(self) -> dict[str, int]:
        """What became of the frames, as report.json has it."""
        return {"recorded": self.recorded, "left_out_of_recording": self.left_out}

    def _offer(self, frame):
        try:
            self._waiting.put_nowait(frame)
        except queue.Full:
            if not self.left_out:
                self._tell(f"{self.folder}: the recording cannot keep up and leaves out frames; a faster disk or a "
                          f"smaller image size would help")
            self.left_out += 1

    def _write_all(self):
        while (frame := self._waiting.get()) is not END:
            if self.error:
                continue
            try:
                self._write(frame)
                self.recorded += 1
            except Exception as error:  # whatever it is, nobody else would take from the queue
                self.error = getattr(error, "strerror", None) or str(error)
                self._tell(f"{self.folder}: cannot go on recording: {self.error}")

    def _write(self, frame):
        if not self._indices:
            write_calibration(self.folder / "calibration.yaml", self._calibration)
        if frame.sensor_depth is not None:
            units = np.rint(frame.sensor_depth.depth_m * np.float32(self._calibration.depth_scale))
            self._write_image("depth", frame, units.clip(0, 65535).astype(np.uint16))
        self._write_image("rgb", frame, frame.rgb)

    def _write_image(self, kind, frame, image):
        """The image, then its line in the index."""
        if kind not in self._indices:
            (self.folder / kind).mkdir()
            path = self.folder / f"{kind}.txt"
            self._indices[kind] = open(path, "w", encoding="utf-8", buffering=1)  # noqa: SIM115 - until close
        name = f"{kind}/{frame.timestamp_s:.6f}.png"
        (self.folder / name).write_bytes(encode_png(image, COMPRESSION))
        self._indices[kind].write(f"{frame.timestamp_s:.6f} {name}\n")
