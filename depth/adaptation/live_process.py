"""The process behind LiveAdapter: `python -m depth.adaptation.live_process`, told by its input, heard by its output."""

import os
import pickle
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from calib.base.errors import MonofuseError
from depth.adaptation.lessons import Known, known, of_own_scale
from depth.adaptation.live import Beginning
from depth.adaptation.target import Target
from depth.adaptation.trainable import OnnxTrainable
from depth.runtimes.onnx_runtime import OnnxDepth

if TYPE_CHECKING:
    from depth.adaptation.training import Training


def main(told: BinaryIO, heard: BinaryIO) -> None:
    """Train on what comes until nothing more does."""
    beginning: Beginning = pickle.load(told)
    os.nice(beginning.config.niceness)
    arrived = Arrivals(told)
    try:
        learn(beginning, arrived, lambda model: _say(heard, model))
    except MonofuseError as error:
        _say(heard, str(error))


class Arrivals:
    """Targets as they come, taken from the pipe by a thread, so that the sender never waits for a step."""

    def __init__(self, told: BinaryIO) -> None:
        self._waiting: list[Target] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._read, args=(told,), daemon=True).start()

    def taken(self, wait: bool) -> list[Target]:
        """Those that came since the last call; `wait`: until there is one."""
        with self._changed:
            while wait and not self._waiting:
                self._changed.wait()
            taken, self._waiting = self._waiting, []
            return taken

    def _read(self, told):
        try:
            while True:
                target = pickle.load(told)
                with self._changed:
                    self._waiting.append(target)
                    self._changed.notify()
        except (EOFError, OSError):
            os._exit(0)  # in the middle of a step as well: nobody listens any more


def learn(beginning: Beginning, arrived: Arrivals, tell: Callable[[bytes], None]) -> None:
    """Train on targets as they arrive, and tell the weights where new ones show that they are better. Never returns."""
    from depth.adaptation.training import Training, torch_threads
    from depth.training.ema import Ema
    config = beginning.config
    estimator = OnnxDepth(beginning.name, None, "cpu", 1, beginning.model, beginning.spec)
    learner = OnnxTrainable(estimator)
    training = Training(learner.module, learner.named_weights(), estimator.spec, config.adaptation, endless=True)
    mean = Ema(learner.module, config.ema)
    memory, lessons, left = Memory(config.adaptation.max_targets, training.random), [], 0
    with torch_threads(1):
        while True:
            new = arrived.taken(wait=not left or len(lessons) < config.min_targets)
            seen = [known(estimator, each, config.adaptation.trusted_log_std) for each in new]
            seen = [each for each in seen if each.weight.any()]
            if seen:
                memory.add(seen)
                lessons = of_own_scale(memory.items) if config.adaptation.keeps_scale else memory.items
                left = min(left + len(seen) * config.steps_per_target, config.max_steps_ahead)
                with mean.in_place_of(learner.module):
                    if mean.steps and does_better(training, lessons[-len(seen):]):
                        tell(learner.module.refitted().SerializeToString())
            if len(lessons) < config.min_targets:
                continue
            for _ in range(min(left, config.steps_per_round)):
                training.step(batch(training, lessons, config.newest))
                mean.update(learner.module)
                left -= 1


def does_better(training: "Training", new: list[Known]) -> bool:
    """Whether the network errs less than before it learnt, on images that it has not learnt yet: after some steps on a
    few keyframes it may know these, and be worse elsewhere."""
    return sum(map(training.error, new)) < sum(each.error(each.own) for each in new)


class Memory:
    """The newest image, and of all older ones as many as fit, each equally likely to be among them (Vitter 1985)."""

    def __init__(self, size: int, random: np.random.Generator) -> None:
        self.items: list[Known] = []
        """In the order in which they came."""
        self._size, self._random, self._lots = size, random, []

    def add(self, new: list[Known]) -> None:
        """Remember these, and forget those that have drawn the smallest lots."""
        for each in new:
            self.items.append(each)
            self._lots.append(self._random.random())
            if len(self.items) > self._size:
                gone = int(np.argmin(self._lots[:-1]))
                del self.items[gone], self._lots[gone]


def batch(training: "Training", lessons: list[Known], newest: int) -> list[Known]:
    """One of the newest images, and older ones against forgetting (replay; Kuznietsov 2021, CoMoDA)."""
    return [*training.drawn(lessons)[1:], lessons[-1 - int(training.random.integers(min(newest, len(lessons))))]]


def _say(heard, answer):
    pickle.dump(answer, heard)
    heard.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
