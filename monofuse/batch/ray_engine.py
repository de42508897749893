"""Ray as the engine: on this machine alone, without any set-up, or on a cluster that is there already.

Ray queues the tasks, gives each to a machine that has what it needs free, and starts it again, elsewhere where it can,
when its worker or machine dies or is short of memory.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from calib.base.errors import BadInputError, MissingPackageError, MonofuseError, one_line
from monofuse.batch.needs import Needs
from monofuse.batch.task import Ended, Task, Work, carry_out

MAX_SUBMITTED = 1000
"""Tasks that Ray knows of at a time; the rest waits here."""
RETRIES = 3
STARTS = 3
"""Ray gives up after half a minute, which a busy machine may need."""
TASKS_PER_WORKER = 10
"""A worker process is replaced after so many: starting one takes seconds, and what leaks stays small."""
WAIT_S = 1.0
OBJECT_STORE_BYTES = 80_000_000
"""Ray's least: what goes from process to process here is a line of text."""
ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_task_oom_retries": str(RETRIES), "RAY_DEDUP_LOGS": "0",
               "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


class RayEngine:
    """A `with` block during which Ray runs tasks."""

    def __init__(self, address: str | None, workers: int | None, needs: Needs):
        """address: of a cluster; None starts Ray here, for `workers` recordings at a time (default: what fits)."""
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        try:
            import ray
        except ImportError as error:
            raise MissingPackageError("ray", "a batch") from error
        self._ray: Any = ray
        self._needs = needs
        self._wanted = {"CPU": needs.cpus, "GPU": needs.gpus, "memory": 1e9 * needs.memory_gb}
        self._address, self._workers = address, workers

    def __enter__(self) -> "RayEngine":
        for tries_left in reversed(range(1 if self._address else STARTS)):
            try:
                self._start()
                break
            except Exception as error:  # Ray raises all kinds, a bare Exception where the machine is too busy, say
                self._ray.shutdown()
                reason = one_line(error, 200)
                if self._address:
                    raise BadInputError(f"there is no Ray cluster at {self._address}: {reason}") from error
                if not tries_left:
                    raise MonofuseError(f"Ray does not start: {reason}") from error
        self._require_room()
        return self

    def _start(self):
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}
        if self._address:
            self._ray.init(address=self._address, **quiet)
        else:
            self._ray.init(num_cpus=(self._workers or max(1, _cores() // self._needs.cpus)) * self._needs.cpus,
                           include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, **quiet)

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()

    def _require_room(self) -> None:
        """Raise BadInputError where no machine could ever run a task, which Ray would wait for."""
        machines = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        if not any(all(machine.get(name, 0) >= least for name, least in self._wanted.items()) for machine in machines):
            self.__exit__()
            raise BadInputError(f"a recording is to have {self._needs.describe()}, and no machine has that: give less "
                                f"with --cpus, --gpus or --memory")

    def describe(self) -> str:
        """In words, with how many recordings run at a time."""
        total = self._ray.cluster_resources()
        room = int(min(total.get(name, 0) / least for name, least in self._wanted.items() if least))
        return f"Ray{f' at {self._address}' if self._address else ''}, {room} recording{'s' * (room > 1)} at a time"

    def results(self, tasks: Sequence[Task], work: Work = carry_out) -> Iterator[Ended | None]:
        """Run tasks, each by `work` in a worker -> each as it ends; None after WAIT_S in which none did."""
        remote = self._ray.remote(
            num_cpus=self._needs.cpus, num_gpus=self._needs.gpus, memory=int(1e9 * self._needs.memory_gb),
            max_calls=TASKS_PER_WORKER, max_retries=RETRIES)(work)
        waiting, running = deque(tasks), {}
        while waiting or running:
            while waiting and len(running) < MAX_SUBMITTED:
                task = waiting.popleft()
                running[remote.options(name=task.name).remote(task)] = task
            done, _ = self._ray.wait(list(running), timeout=WAIT_S)
            for reference in done:
                yield Ended(running.pop(reference), self._problem(reference))
            if not done:
                yield None

    def _problem(self, reference: Any) -> str | None:
        from ray.exceptions import OutOfMemoryError, RayError, RaySystemError, RayTaskError, WorkerCrashedError
        try:
            return self._ray.get(reference)
        except OutOfMemoryError:
            return f"the machine ran out of memory, {1 + RETRIES} times: give --memory more than " \
                   f"{self._needs.memory_gb:g}"
        except WorkerCrashedError:
            return f"its process died, {1 + RETRIES} times: out of memory, or a crash in a library"
        except RaySystemError as error:
            raise MonofuseError(f"Ray ended: {one_line(error, 200)}") from error
        except RayTaskError as error:  # the worker could not even begin: another version of monofuse there, say
            return one_line(error.cause or error, 200)
        except RayError as error:
            return one_line(error, 200)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
