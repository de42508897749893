"""The loop over all frames of a run, and what came of it."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from calib.base.errors import MonofuseError, SourceError
from calib.base.memory import hand_back
from calib.focal.footage import Footage
from monofuse.depth_stage import DEPTH_CHECK_EVERY
from monofuse.interface.screen import Screen
from monofuse.interface.stand_ins import NoLog, NoRecorder, NoViewer
from monofuse.interface.stop_signal import Interrupted, StopSignal
from monofuse.judge import Choice, judged
from monofuse.learning import ROUNDS, Learning, can_teach
from monofuse.maps.recorder import MapRecorder, NoMap
from monofuse.results.report import build_report
from monofuse.results.run_counter import RunCounter
from monofuse.second_pass import SecondPass
from sequences.frame import Frame
from sequences.sequence import Sequence, is_live
from slam.evaluation import DepthErrors, evaluate_trajectory
from slam.meshing.mesh_config import NoMesh
from slam.system import SlamSystem
from slam.tracking.pyramid import inverse_depth_on

if TYPE_CHECKING:
    import trimesh

    from monofuse.interface.rerun_log import RerunLog
    from monofuse.interface.viewer.live import Viewer
    from sequences.cameras.recorder import Recorder


class Session:
    """One run: its frames, one after the other, and what came of them."""

    def __init__(self, sequence: Sequence, slam: SlamSystem, recorder: "Recorder | NoRecorder | None" = None,
                 viewer: "Viewer | NoViewer | None" = None, counter: RunCounter | None = None):
        """counter: one that began with the program, for the time that all takes."""
        self.sequence, self.slam = sequence, slam
        self.recorder, self.viewer = recorder or NoRecorder(), viewer or NoViewer()
        self.log: RerunLog | NoLog = NoLog()
        self.was_reset = False
        """Whether the map was begun anew half-way, see `restart`."""
        self.counter = counter or RunCounter()
        self.depth_errors, self.footage = DepthErrors(), Footage()
        self.saw_depth = False
        """Whether any frame had depth."""
        self.map: MapRecorder | NoMap = NoMap()
        """What is written of the map while the run goes."""
        self.ended = "failed"
        self.left_out: list[str] = []
        """Work that was cut short since the user did not want to wait."""
        self.failures: list[Exception] = []
        self.live_times = slam.stage_times
        """Of the first pass, whichever one is kept."""
        self.learning: Learning | None = None
        """The network that learnt the recording, if one did."""
        self.mesh: trimesh.Trimesh | None = None
        """Of the whole map, once it is built."""
        self.choice: Choice | None = None
        """Which of two passes was kept, and why."""

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A `with` block that an error ends early; the error is kept and the run goes on behind it."""
        try:
            yield
        except Exception as error:
            self.failures.append(error)

    def track(self, frames: Iterable[Frame], screen: Screen) -> None:
        """Process every frame, and finish what they began, however they ended."""
        saw_all = False
        with self.attempt(), screen.progress(self.sequence.frame_count) as progress:
            start = time.perf_counter()
            for frame in frames:
                self.step(frame)
                self.counter.loop_s = time.perf_counter() - start
                progress.update(frame.index + 1, self.counter.describe())
            saw_all = True
        if self.failures and isinstance(self.failures[0], Interrupted):
            self.ended = "interrupted"
        with self.attempt():
            self.slam.finish()
            if saw_all:
                self.require_trajectory()
                self.ended = "interrupted" if self.viewer.is_stopped or self.was_reset else "complete"
        self._reached("tracked")

    def restart(self) -> None:
        """Forget the map and begin a new one with the next frame."""
        self.slam = SlamSystem(self.slam.full_camera, self.slam.config, self.slam.stage_times)
        self.was_reset = True
        self.map.begin_anew(self.slam)
        self.viewer.watch(self.slam)
        self.log.watch(self.slam)

    def improve(self, stop: StopSignal, screen: Screen, learning: Learning | None = None,
                again: SecondPass | None = None) -> None:
        """Do what needs all frames; a user who does not want to wait leaves it out.

        learning: the network learns the recording; again: SLAM a second time with that network."""
        def work(text, steps):
            return self._work(text, steps, stop, screen)

        work("adjusting all keyframes", self.slam.adjust_all())
        self._reached("adjusted")
        is_whole = work("estimating the keyframes' depth", self.slam.estimate_depth())
        self.slam.end_tracking()
        self._reached("final")
        self.learning = learning
        is_over = self.ended == "complete" or is_live(self.sequence)  # a recording that was cut short is not read again
        if learning and is_whole and is_over and can_teach(self.slam):
            learnt = work("the network learns this recording", learning.turns(self.slam, ROUNDS))
            if again and learnt and learning.round_count:
                work("second pass, with what the network has learnt", self._choose(again, learning))
            self._reached("final")
        work("building the final map", self.slam.rebuild())

    def _work(self, text: str, steps: Iterator[float], stop: StopSignal, screen: Screen) -> bool:
        """Do a piece of work, unless the user leaves it out -> whether it is whole"""
        is_whole = False
        with self.attempt(), screen.status(text) as status:
            for share in stop.patiently(steps):
                status.update(f"{text}: {share:.0%} (Ctrl-C leaves it out)")
                self.viewer.say(f"{text}: {share:.0%}")
            is_whole = not stop.is_impatient
            if not is_whole:
                self.left_out.append(text)
        with self.attempt():
            self.viewer.show_corrected()
        hand_back()
        return is_whole

    def _reached(self, state: str) -> None:
        """Have the map written as it is now."""
        with self.attempt():
            self.map.reached(state, self.slam, self.counter)

    @property
    def is_whole(self) -> bool:
        """Whether nothing went wrong and no frame is missing; a camera's run ends by Ctrl-C."""
        return not [failure for failure in self.failures
                    if not (is_live(self.sequence) and isinstance(failure, Interrupted))]

    def _choose(self, again: SecondPass, learning: Learning) -> Iterator[float]:
        """Run the second pass, and keep the better one -> share of the work that is done"""
        with learning.undone_unless_kept() as kept:
            other = yield from again.steps(learning, self.slam)
            self.choice = judged(self.slam, other)
            if self.choice.is_second:
                self.slam, kept.is_kept = other, True
                self.viewer.watch(other)

    def step(self, frame: Frame) -> None:
        """Process one frame, and take note of what came of it."""
        result = self.slam.process(frame)
        self.counter.add(result)
        self.footage.add(frame.rgb[..., 1])
        if frame.arrived_s is not None:
            self.slam.stage_times.add("latency", 1e3 * (time.monotonic() - frame.arrived_s))
        if not self.saw_depth:
            self.saw_depth = frame.depth_on_request is not None or (frame.depth is not None
                                                                    and bool(frame.depth.depth_m.any()))
        if frame.sensor_depth is not None and self.is_to_compare(frame) and result.inverse_depth is not None:
            self.depth_errors.add(result.inverse_depth,
                                  inverse_depth_on(self.slam.camera, frame.sensor_depth, is_measured=True))
        self.map.step(self.slam, self.counter)
        self.viewer.show(frame, result)
        self.log.show(frame, result)

    def is_to_compare(self, frame: Frame) -> bool:
        """Whether this frame's depth, if it is predicted, is to be compared with the sensor's."""
        is_on_request = frame.depth_on_request is not None
        return not self.slam.config.depth_is_measured and (is_on_request or frame.index % DEPTH_CHECK_EVERY == 0)

    def end_recording(self) -> None:
        """Write what still waits to be recorded."""
        with self.attempt():
            self.recorder.close()

    def report(self, arguments: Mapping[str, Any], problems: Iterable[str] = ()) -> dict[str, Any]:
        """The content of report.json; `problems` are those besides the failures."""
        cut_short = [f"cut short, as Ctrl-C asked: {text}" for text in self.left_out]
        ended = "failed" if self.ended == "complete" and self.failures else self.ended
        return build_report(arguments=arguments, sequence=self.sequence, slam=self.slam, counter=self.counter,
                            ended="interrupted" if ended == "complete" and cut_short else ended,
                            problems=[*map(_in_one_line, self.failures), *cut_short, *problems],
                            live_counts=self.live_counts(), scores=self.scores(), learnt=self.learnt(),
                            stages=self.live_times.summary(), mesh=self.mesh)

    def learnt(self) -> dict[str, Any]:
        """What the report says of the network that learnt, and of the second pass."""
        report: dict[str, Any] = {"adaptation_rounds": self.learning.round_count if self.learning else 0}
        if self.choice:
            report |= {"kept_pass": 1 + self.choice.is_second, "photometric_cost": round(self.choice.first_cost, 4),
                       "photometric_cost_of_second_pass": round(self.choice.second_cost, 4),
                       "second_pass_is_whole": self.choice.is_whole}
        return report

    def live_counts(self) -> dict[str, int]:
        """What the report says of a camera's frames; for other sources, that none was dropped."""
        if not is_live(self.sequence):
            return {"dropped": 0}
        return {"dropped": self.counter.missed, "reconnected": self.sequence.reconnected, **self.recorder.counts()}

    def scores(self) -> dict[str, Any]:
        """Errors against ground truth, where the source has it."""
        scores = self.depth_errors.summary()
        if self.sequence.ground_truth is not None:
            scores |= evaluate_trajectory(*self.slam.trajectory(), *self.sequence.ground_truth)
            if self.sequence.ground_truth_name is not None:
                scores["ground_truth"] = self.sequence.ground_truth_name
        return scores

    def require_trajectory(self) -> None:
        """Raise MonofuseError where the frames gave no trajectory."""
        frames, skipped = self.counter.read, self.sequence.skipped.reasons
        reason = f" ({skipped[0]})" if skipped else ""
        if not frames:
            raise SourceError(f"{self.sequence.name}: no frame could be read{reason}")
        if not self.saw_depth:
            raise SourceError(f"{self.sequence.name}: none of {frames} frames has a depth map with readings in it"
                              f"{reason}: choose another --depth, or check depth_scale in the calibration")
        if not self.counter.tracked and len(self.slam.keyframes):
            raise MonofuseError(f"none of {frames} frames was found in the map: is it of this place?")
        if not self.counter.tracked:
            raise MonofuseError(f"none of {frames} frames offered enough texture with depth to start from"
                                f"{self._advice('')}")
        if self.counter.status["lost"] and self.counter.tracked == len(self.slam.map.submaps()):
            other = ": is this one continuous recording of a textured scene, and does the calibration belong to it?"
            raise MonofuseError(f"of {frames} frames all were lost after the first that was usable"
                                f"{self._advice(other)}")

    def _advice(self, otherwise: str) -> str:
        """What the pictures themselves say of why nothing came of them."""
        problem = self.footage.problem()
        return f": {problem}" if problem else otherwise

    def build_mesh(self) -> None:
        """Build `mesh`. Raises NoMesh, with what the pictures say of the reason."""
        try:
            self.mesh = self.slam.mesh()
        except NoMesh as error:
            raise NoMesh(f"{error}{self._advice('')}") from error

    def raise_first_failure(self) -> None:
        """Raise what went wrong first, if anything did."""
        if self.failures:
            raise self.failures[0]


def _in_one_line(error: Exception) -> str:
    return str(error) if isinstance(error, MonofuseError) else f"{type(error).__name__}: {error}"
