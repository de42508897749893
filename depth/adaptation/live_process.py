"""The process behind LiveAdapter: `python -m depth.adaptation.live_process`, told by its input, heard by its output."""

import os
import pickle
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

import numpy as np

from calib.base.errors import MonofuseError
from depth.adaptation.adapter import Adapter
from depth.adaptation.lessons import Known, known, of_own_scale
from depth.adaptation.live import Beginning
from depth.adaptation.target import Target
from depth.runtimes.onnx_runtime import OnnxDepth

LOWEST = 19
"""The priority: what nobody else wants of the cores."""


def main(told: BinaryIO, heard: BinaryIO) -> None:
    """Train on what comes until nothing more does."""
    os.nice(LOWEST)
    beginning: Beginning = pickle.load(told)
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
    """Train on targets as they arrive, and tell the weights every few steps. Never returns."""
    from depth.adaptation.training import Training, torch_threads
    from depth.training.ema import Ema
    config = beginning.config
    estimator = OnnxDepth(beginning.name, None, "cpu", 1, beginning.model, beginning.spec)
    adapter = Adapter(estimator, config.adaptation)
    module = adapter.trainable.module
    training, mean = Training(module, estimator.spec, config.adaptation, endless=True), Ema(module, config.ema)
    memory, lessons, left = [], [], 0
    with torch_threads(1):
        while True:
            new = arrived.taken(wait=not left or len(memory) < config.min_targets)
            if new:
                seen = [known(estimator, each, config.adaptation.trusted_log_std) for each in new]
                memory = kept(memory + [each for each in seen if each.weight.any()], config.adaptation.max_targets,
                              training.random)
                lessons = of_own_scale(memory) if config.adaptation.keeps_scale else memory
                left = min(left + len(new) * config.steps_per_target, config.max_steps_ahead)
            if len(memory) < config.min_targets:
                continue
            for _ in range(min(left, config.steps_per_swap)):
                training.step(batch(training, lessons, config.newest))
                mean.update(module)
                left -= 1
            with mean.in_place_of(module):
                tell(adapter.trainable.module.refitted().SerializeToString())


def batch(training, lessons: list[Known], newest: int) -> list[Known]:
    """One of the newest images, and older ones against forgetting (replay; Kuznietsov 2021, CoMoDA)."""
    return [*training.drawn(lessons)[1:], lessons[-1 - int(training.random.integers(min(newest, len(lessons))))]]


def kept(memory: list[Known], count: int, random: np.random.Generator) -> list[Known]:
    """At most `count` of them: chance decides which of all but the last go."""
    while len(memory) > count:
        memory.pop(int(random.integers(len(memory) - 1)))
    return memory


def _say(heard, answer):
    pickle.dump(answer, heard)
    heard.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
