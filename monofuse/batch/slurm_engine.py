"""Slurm as the engine, by way of submitit: for clusters where jobs are queued and Ray cannot be started."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from calib.base.errors import BadInputError, MissingPackageError
from monofuse.batch.needs import Needs
from monofuse.batch.task import Ended, Task, Work, carry_out

POLL_S = 2.0
TRIES = 4
OWN = ("timeout_min", "nodes", "name", "array_parallelism")
"""What submitit calls by the same name everywhere; all else is passed on as `slurm_NAME`."""


def parse_slurm(text: str) -> dict[str, str]:
    """An argparse type: `partition=gpu,timeout_min=240` -> its parts."""
    parts = [part.partition("=") for part in text.split(",") if part]
    if not all(name and equals for name, equals, _ in parts):
        raise BadInputError(f"--slurm takes NAME=VALUE,..., as in partition=gpu,timeout_min=240, not {text!r}")
    return {name: value for name, _, value in parts}


class SlurmEngine:
    """A `with` block during which Slurm runs tasks; `cluster=local` starts them here, to try it out."""

    def __init__(self, options: Mapping[str, str], needs: Needs, logs: Path):
        """logs: a folder that all machines see, for submitit's files."""
        try:
            import submitit
        except ImportError as error:
            raise MissingPackageError("submitit", "--slurm") from error
        options = dict(options)
        try:
            self._executor = submitit.AutoExecutor(folder=logs, cluster=options.pop("cluster", None))
            self._executor.update_parameters(
                cpus_per_task=needs.cpus, mem_gb=needs.memory_gb, gpus_per_node=int(-(-needs.gpus // 1)),
                **{name if name in OWN else f"slurm_{name}": int(value) if value.isdecimal() else value
                   for name, value in options.items()})
        except (RuntimeError, NameError, TypeError, ValueError) as error:
            raise BadInputError(f"--slurm: {' '.join(str(error).split())[:200]}") from error
        self._jobs: dict[Any, Task] = {}

    def describe(self) -> str:
        """In words."""
        return f"Slurm ({self._executor.cluster})"

    def __enter__(self) -> "SlurmEngine":
        return self

    def __exit__(self, *_: object) -> None:
        for job in self._jobs:
            job.cancel()

    def results(self, tasks: Sequence[Task], work: Work = carry_out) -> Iterator[Ended | None]:
        """Run tasks, each by `work` in a job -> each as it ends; None after POLL_S in which none did."""
        self._jobs = dict(zip(self._executor.map_array(work, tasks), tasks))
        tries = dict.fromkeys((task.name for task in tasks), 1)
        while self._jobs:
            done = [job for job in self._jobs if job.done()]
            for job in done:
                task = self._jobs.pop(job)
                problem, died = _problem(job)
                if died and tries[task.name] < TRIES:
                    tries[task.name] += 1
                    self._jobs[self._executor.submit(work, task)] = task
                else:
                    yield Ended(task, problem)
            if not done:
                time.sleep(POLL_S)
                yield None


def _problem(job: Any) -> tuple[str | None, bool]:
    """-> what went wrong, and whether the process died of it"""
    from submitit.core.utils import FailedJobError, UncompletedJobError
    try:
        return job.result(), False
    except FailedJobError as error:  # the function itself failed, which it does alike the next time
        return " ".join(str(error).split())[-200:], False
    except UncompletedJobError:
        return f"its job {job.job_id} died {TRIES} times, state {job.state}", True
