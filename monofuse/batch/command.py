"""`monofuse batch RECORDINGS ... --output DIR`: every recording reconstructed, on all cores or machines there are."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from calib.base.command_line import OneLineParser, exit_code, name_of, whole_number
from calib.base.errors import BadInputError, MonofuseError
from calib.base.progress import progress_bar
from calib.base.stop_signals import catching_stop_signals
from monofuse.arguments import add_options
from monofuse.batch.needs import MEMORY_GB, Needs
from monofuse.batch.place import Place
from monofuse.batch.ray_engine import RayEngine
from monofuse.batch.recordings import is_finished, tasks_of
from monofuse.batch.slurm_engine import SlurmEngine, parse_slurm
from monofuse.batch.summary import Row, row_of, write_summary
from monofuse.batch.task import Task
from monofuse.interface.screen import Screen
from monofuse.interface.stop_signal import Interrupted
from monofuse.opening import configuration

LOCK = ".batch.lock"
SLURM_LOGS = ".slurm"
REFUSED = ("viewer", "record", "rerun", "save_network", "list_config")
"""Options of a run that make no sense for many."""


def main(argv: Sequence[str] | None = None, program: str = "monofuse batch") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: batch(parse_arguments(argv, program), Screen()))


def parse_arguments(argv: Sequence[str] | None, program: str) -> Namespace:
    """Raises BadInputError."""
    parser = OneLineParser(prog=program, description=__doc__, fromfile_prefix_chars="@", epilog="exit code: 0 all are "
                           "done, 1 some failed, 2 bad input; the same command again does what is missing")
    parser.add_argument("recordings", nargs="+", metavar="RECORDING",
                        help="as SOURCE of `monofuse run`, a folder that holds recordings, an s3:// or gs:// URL (* "
                             "stands for anything), or @FILE with one on each line")
    parser.add_argument("--output", required=True, metavar="DIR", help="a folder, or an s3:// or gs:// URL, for a "
                        "folder of results each, summary.csv and summary.html")
    add_engine_options(parser)
    add_options(parser)
    return parser.parse_args(argv)


def add_engine_options(parser: ArgumentParser) -> None:
    """Where recordings are run, and what each of them may use."""
    parser.add_argument("--workers", type=whole_number(1, 10000), metavar="N",
                        help="recordings at a time on this machine (default: as many as cores and memory allow)")
    parser.add_argument("--address", metavar="ray://HOST:10001|HOST:6379|auto", help="run on this Ray cluster instead")
    parser.add_argument("--slurm", metavar="NAME=VALUE,...", help="run as jobs of Slurm instead, as in "
                        "partition=cpu,timeout_min=240")
    parser.add_argument("--cpus", type=whole_number(1, 1024), default=1, metavar="N", help="cores for a recording "
                        "(default: 1)")
    parser.add_argument("--gpus", type=_amount, metavar="N", help="GPUs for a recording, 0.5 for half of one "
                        "(default: 1 with --device cuda, else 0)")
    parser.add_argument("--memory", type=_amount, default=MEMORY_GB, metavar="GB",
                        help=f"memory for a recording (default: {MEMORY_GB:g})")


def batch(arguments: Namespace, screen: Screen) -> None:
    """Arguments -> tasks -> engine -> results and summary. Raises MonofuseError at the end where some failed."""
    place = Place.of(arguments.output)
    rows = run_missing(tasks_of(arguments, place), arguments, place, screen)
    screen.print(f"summary    {place.at('summary.html')}")
    raise_failures(rows, place)


def run_missing(tasks: Sequence[Task], arguments: Namespace, place: Place, screen: Screen) -> list[Row]:
    """Run those tasks that are not finished, and write the summary of all -> its rows. Raises MonofuseError."""
    refuse_what_no_run_takes(arguments, tasks)
    with locked(place):
        place.sweep()
        missing = [task for task in tasks if not is_finished(task)]
        done = len(tasks) - len(missing)
        screen.print(f"batch      {len(tasks)} runs" + (f", {done} of them finished already" if done else ""))
        write_summary([row_of(task, None) for task in tasks], place)  # says now, not after hours, if this cannot be
        problems: dict[str, str | None] = {}
        rows: list[Row] = []
        try:
            if missing:
                run_all(missing, arguments, place, screen, problems)
        finally:
            place.sweep()
            rows += [row_of(task, problems.get(task.name)) for task in tasks]
            write_summary(rows, place)
    return rows


def run_all(tasks: Sequence[Task], arguments: Namespace, place: Place, screen: Screen,
            problems: dict[str, str | None]) -> None:
    """Run tasks on the engine that was asked for, and fill in `problems` as they end."""
    signals: list[int] = []  # raising in the handler itself would confuse Ray, which calls Python from C++
    # They are caught after Ray has started, which catches them in its own way.
    with open_engine(arguments, place) as engine, catching_stop_signals(lambda number, _: signals.append(number)), \
            progress_bar(console=screen.console) as bar:
        screen.print(f"engine     {engine.describe()}, each with {needs_of(arguments).describe()}")
        item = bar.add_task("recordings", total=len(tasks))
        for ended in engine.results(tasks):
            if ended:
                problems[ended.task.name] = ended.problem
                bar.advance(item)
                screen.print(f"{len(problems):>{len(str(len(tasks)))}} of {len(tasks)}  {ended.task.name}: "
                             f"{ended.problem or 'complete'}")
            if signals:
                raise Interrupted(signals[0])


def open_engine(arguments: Namespace, place: Place) -> "RayEngine | SlurmEngine":
    """What runs the tasks. Raises BadInputError where the options contradict each other."""
    if arguments.slurm is None:
        if arguments.address and arguments.workers:
            raise BadInputError("--workers is for this machine alone: a cluster runs as many as it has room for")
        return RayEngine(arguments.address, arguments.workers, needs_of(arguments))
    if arguments.address or arguments.workers:
        raise BadInputError("--slurm goes with neither --address nor --workers")
    if place.is_remote:
        raise BadInputError("--slurm needs an --output that all machines see as a folder")
    return SlurmEngine(parse_slurm(arguments.slurm), needs_of(arguments), Path(place.at(SLURM_LOGS)))


def needs_of(arguments: Namespace) -> Needs:
    """What a recording may use."""
    gpus = float(arguments.device == "cuda") if arguments.gpus is None else arguments.gpus
    return Needs(arguments.cpus, gpus, arguments.memory)


def refuse_what_no_run_takes(arguments: Namespace, tasks: Sequence[Task]) -> None:
    """Raise BadInputError for mistakes that every run would fail of."""
    for name in REFUSED:
        if getattr(arguments, name):
            raise BadInputError(f"--{name.replace('_', '-')} is for single runs: leave it out")
    for run in {task.setting: task.arguments for task in tasks}.values():
        configuration(run)


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """A `with` block that only one batch at a time has for a folder. Raises BadInputError where another has it."""
    if place.is_remote:
        yield
        return
    try:
        from filelock import FileLock, Timeout
    except ImportError:  # comes with Ray; without any engine nothing is run
        yield
        return
    Path(place.location).mkdir(parents=True, exist_ok=True)
    lock = FileLock(place.at(LOCK))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BadInputError(f"another batch is at work in {place.location}: wait for it, or choose another --output"
                            ) from error
    try:
        yield
    finally:
        lock.release()


def raise_failures(rows: Sequence[Row], place: Place) -> None:
    """Raise MonofuseError where a recording failed."""
    failed = [row for row in rows if row["state"] == "failed"]
    if failed:
        raise MonofuseError(f"{len(failed)} of {len(rows)} failed, first {failed[0]['name']}: {failed[0]['problem']}; "
                            f"all in {place.at('summary.csv')}, more in {place.at('logs')}")


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1e5:
        raise ArgumentTypeError(f"expected a number of at least 0, not {text!r}")
    return number
