"""Tasks of a batch without SLAM, and what stands in for it: functions that worker processes of an engine load."""

import json
import os
import signal
from argparse import Namespace
from pathlib import Path

from monofuse.batch.place import REPORT, Place
from monofuse.batch.task import Ended, Task

FIGURES = {"frames": 5, "tracked": 5, "fps": 61.25, "ended": "complete", "ate_sim3_m": 0.004}


def made_up_tasks(folder, count):
    place = Place.of(str(folder))
    return [Task(f"walk{k}", Namespace(source=f"walk{k}", set=[]), (), place, str(folder)) for k in range(count)]


def write_result(folder, arguments):
    """What a run leaves behind, as far as a batch looks at it."""
    plain = {name: value for name, value in vars(arguments).items() if name != "output"}
    (folder / "trajectory.txt").write_text("0 0 0 0 0 0 0 1\n")
    (folder / REPORT).write_text(json.dumps(FIGURES | {"arguments": plain}, default=str))


def count_start(task):
    """Every start of a task leaves a file in the place's folder `starts`."""
    starts = Path(task.place.at("starts"))
    starts.mkdir(exist_ok=True)
    (starts / f"{task.name}.{os.getpid()}").touch()
    return len(list(starts.glob(f"{task.name}.*")))


def finish(task):
    """A worker that does its work."""
    count_start(task)
    with task.place.new_result(task.name) as folder:
        write_result(folder, task.arguments)


def die_once(task):
    """A worker that is killed half-way in the first attempt at walk0."""
    if count_start(task) == 1 and task.name == "walk0":
        with task.place.new_result(task.name):
            os.kill(os.getpid(), signal.SIGKILL)
    with task.place.new_result(task.name) as folder:
        write_result(folder, task.arguments)


def always_die(task):
    """A worker that no attempt survives."""
    count_start(task)
    os.kill(os.getpid(), signal.SIGKILL)


class EngineHere:
    """An engine that runs tasks one by one in this process; those in `failing` fail."""

    def __init__(self, write):
        """write: a function of a new result's folder and the task's arguments that makes the result."""
        self.write, self.started, self.failing = write, (), ()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def describe(self):
        return "here"

    def results(self, tasks):
        for task in tasks:
            self.started += (task.name,)
            if task.name in self.failing:
                yield Ended(task, "no <texture>")
            else:
                with task.place.new_result(task.name) as folder:
                    self.write(folder, task.arguments)
                yield Ended(task, None)
