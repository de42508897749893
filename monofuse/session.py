"""The loop over all frames of a run, and what came of it."""

import time
from contextlib import contextmanager

from calib.base.errors import MonofuseError, SourceError
from monofuse.report import RunCounter
from monofuse.stop_signal import Interrupted
from sequences.sequence import is_live
from slam.evaluation import DepthErrors, evaluate_trajectory
from slam.tracking.pyramid import inverse_depth_on

DEPTH_CHECK_EVERY = 10
"""With a network, its depth is compared to the sensor's on every n-th frame, where there is a sensor's."""


class Session:
    """The loop over all frames, and what came of it."""

    def __init__(self, sequence, slam, recorder=None):
        self.sequence, self.slam, self.recorder = sequence, slam, recorder
        self.counter = RunCounter()
        self.depth_errors = DepthErrors()
        self.saw_depth = False
        self.ended = "failed"
        self.failures = []

    @contextmanager
    def attempt(self):
        """A `with` block that an error ends early; the error is kept and the run goes on behind it."""
        try:
            yield
        except Exception as error:
            self.failures.append(error)

    def track(self, frames, screen, viewer):
        """Process every frame, and settle what came of them, however they ended."""
        saw_all = False
        with self.attempt(), screen.progress(self.sequence.frame_count) as progress:
            start = time.perf_counter()
            for frame in frames:
                self.step(frame, viewer)
                self.counter.loop_s = time.perf_counter() - start
                progress.update(frame.index + 1, self.counter.describe())
            saw_all = True
        if self.failures and isinstance(self.failures[0], Interrupted):
            self.ended = "interrupted"
        with self.attempt():
            self.slam.finish()
            if saw_all:
                self.require_path()
                self.ended = "complete"

    def improve(self, stop, screen):
        """What can be done when there are no more frames, and may be left out."""
        for text, steps in (("adjusting all keyframes", self.slam.adjust_all()),
                            ("building the final map", self.slam.rebuild())):
            with self.attempt(), screen.status(text) as status:
                for share in stop.patiently(steps):
                    status.update(f"{text}: {share:.0%} (Ctrl-C leaves it out)")

    def step(self, frame, viewer):
        result = self.slam.process(frame)
        self.counter.add(result)
        if frame.arrived_s is not None:
            self.slam.stage_times.add("latency", 1e3 * (time.monotonic() - frame.arrived_s))
        self.saw_depth = self.saw_depth or frame.depth is not None and bool(frame.depth.depth_m.any())
        if self.is_to_compare(frame) and result.inverse_depth is not None:
            self.depth_errors.add(result.inverse_depth,
                                  inverse_depth_on(self.slam.camera, frame.sensor_depth, is_measured=True))
        if viewer:
            viewer.show(frame, result)

    def is_to_compare(self, frame):
        """Whether the network's depth shall be compared to the sensor's; a recorded camera has that for every frame."""
        return (frame.sensor_depth is not None and not self.slam.config.depth_is_measured
                and frame.index % DEPTH_CHECK_EVERY == 0)

    def end_recording(self):
        """Write what still waits to be recorded."""
        if self.recorder:
            with self.attempt():
                self.recorder.close()

    def live_counts(self):
        """What the report says of a camera; of other sources that nothing was dropped."""
        if not is_live(self.sequence):
            return {"dropped": 0}
        counts = {"dropped": self.counter.missed, "reconnected": self.sequence.reconnected}
        if self.recorder:
            counts |= {"recorded": self.recorder.recorded, "left_out_of_recording": self.recorder.left_out}
        return counts

    def require_path(self):
        """Raise where the frames gave no path."""
        frames, skipped = self.counter.read, self.sequence.skipped.reasons
        reason = f" ({skipped[0]})" if skipped else ""
        if not frames:
            raise SourceError(f"{self.sequence.name}: no frame could be read{reason}")
        if not self.saw_depth:
            raise SourceError(f"{self.sequence.name}: none of {frames} frames has a depth map with readings in it"
                              f"{reason}: choose another --depth, or check depth_scale in the calibration")
        if not self.counter.tracked:
            raise MonofuseError(f"none of {frames} frames offered enough texture with depth to start from")
        if self.counter.status["lost"] and self.counter.tracked == len(self.slam.map.submaps()):
            raise MonofuseError(f"of {frames} frames all were lost after the first that was usable: is this one "
                                f"continuous recording of a textured scene, and does the calibration belong to it?")

    def scores(self):
        """Errors against the truth, where the source has one."""
        scores = self.depth_errors.summary()
        if self.sequence.ground_truth is not None:
            scores |= evaluate_trajectory(*self.slam.trajectory(), *self.sequence.ground_truth)
        return scores
