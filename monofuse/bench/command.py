"""`monofuse bench DATASET --data DIR`: every sequence of a data set, run and scored by the protocols of the field."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calib.base.command_line import OneLineParser, exit_code, name_of, path_of, whole_number
from calib.base.errors import BadInputError, MonofuseError
from calib.files.atomic_file import write_file
from calib.files.image_file import encode_png
from calib.files.tum_files import read_trajectory
from monofuse.arguments import add_options
from monofuse.batch.command import add_engine_options, raise_failures, run_missing
from monofuse.batch.place import Place
from monofuse.batch.recordings import as_run
from monofuse.batch.store import is_remote
from monofuse.batch.task import Task
from monofuse.bench.copies import noisy_copy
from monofuse.bench.dataset import DATASETS, Dataset
from monofuse.bench.fetching import fetch
from monofuse.bench.plot import trajectory_plot
from monofuse.bench.scores import result_scores
from monofuse.bench.table import Scores, csv_text, markdown
from monofuse.interface.screen import Screen
from monofuse.results.report import versions
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions

OF_BENCH = ("dataset", "data", "output", "sequences", "noisy", "download", "no_mesh")


def main(argv: Sequence[str] | None = None, program: str = "monofuse bench") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: bench(parse_arguments(argv, program), Screen()))


def parse_arguments(argv: Sequence[str] | None, program: str) -> Namespace:
    """Raises BadInputError."""
    parser = OneLineParser(prog=program, description=__doc__, epilog="the same command again does what is missing")
    parser.add_argument("dataset", choices=DATASETS, metavar="DATASET", help=f"one of {', '.join(DATASETS)}")
    parser.add_argument("--data", type=path_of, metavar="DIR", help="where its sequences are (default: data/DATASET)")
    parser.add_argument("--output", type=path_of, metavar="DIR", help="for results.md, results.csv, plots, and runs/ "
                        "with a folder for each (default: results/bench-DATASET)")
    parser.add_argument("--sequences", metavar="A,B", help="these only (default: all that are there)")
    parser.add_argument("--noisy", type=whole_number(0, 100), default=0, metavar="N",
                        help="also run N copies of each with noise in the images, for mean and spread (default: 0)")
    parser.add_argument("--download", action="store_true", help="fetch what is not there, where that is allowed")
    parser.add_argument("--no-mesh", action="store_true", help="score trajectories alone")
    add_engine_options(parser)
    add_options(parser)
    return parser.parse_args(argv)


def bench(arguments: Namespace, screen: Screen) -> None:
    """Find or fetch the sequences, run them, score what came out, write the tables. Raises MonofuseError."""
    dataset = DATASETS[arguments.dataset]
    data = arguments.data or Path("data") / arguments.dataset
    output = (arguments.output or Path("results") / f"bench-{arguments.dataset}").absolute()
    if is_remote(str(data)):
        raise BadInputError("--data has to be a folder on this machine")
    if arguments.download:
        download(dataset, data, screen)
    sources = chosen(dataset.find(data.absolute()), arguments.sequences)
    screen.print(f"benchmark  {dataset.title}: {', '.join(sources)}")
    place = Place.of(str(output / "runs"))
    tasks = {name: list(tasks_of_sequence(name, source, arguments, place, output)) for name, source in sources.items()}
    rows = run_missing([task for each in tasks.values() for task in each], arguments, place, screen)
    whole = {row["name"] for row in rows if row["state"] == "complete"}
    scores: Scores = {name: [] for name in tasks}
    for name, each in tasks.items():
        for task in each:
            if task.name in whole:
                scores[name].append(scored(task, sources[name], arguments, output, screen))
    write_file(output / "results.md", markdown(dataset, arguments.dataset, scores, _machine()).encode())
    write_file(output / "results.csv", csv_text(scores).encode())
    screen.print(f"results    {output / 'results.md'}")
    raise_failures(rows, place)


def download(dataset: Dataset, data: Path, screen: Screen) -> None:
    """Fetch all archives. Raises BadInputError where the data set is not for everyone."""
    if not dataset.archives:
        raise BadInputError(f"{dataset.title} cannot be fetched by a program: get it from {dataset.page}")
    screen.print(f"terms      {dataset.page}")
    for archive in dataset.archives:
        fetch(archive, data, screen.print)


def chosen(sources: dict[str, str], names: str | None) -> dict[str, str]:
    """Those of the sequences that --sequences names. Raises BadInputError for one that is not there."""
    if names is None:
        return sources
    absent = [name for name in names.split(",") if name not in sources]
    if absent:
        raise BadInputError(f"--sequences: there is no {absent[0]!r}; there are {', '.join(sources)}")
    return {name: sources[name] for name in names.split(",")}


def tasks_of_sequence(name: str, source: str, arguments: Namespace, place: Place, output: Path) -> "list[Task]":
    """The recording itself, then its noisy copies."""
    run = Namespace(**{key: value for key, value in vars(arguments).items() if key not in OF_BENCH})
    copies = [noisy_copy(source, output / "copies" / f"{name}-noise{seed}", seed, arguments.max_frames)
              for seed in range(arguments.noisy)]
    return [Task(name if not number else f"{name}-noise{number - 1}", as_run(run, each), (), place, str(Path.cwd()))
            for number, each in enumerate([source, *copies])]


def scored(task: Task, source: str, arguments: Namespace, output: Path, screen: Screen) -> dict[str, Any]:
    """A finished run -> its figures; draws its trajectory. One that cannot be scored has none: the screen says so."""
    result = Path(task.place.at(task.name))
    try:
        with screen.status(f"scoring {task.name}"):
            scores = result_scores(result, source, not arguments.no_mesh)
            truth = open_sequence(source, SourceOptions()).ground_truth
            if truth is not None:
                picture = trajectory_plot(read_trajectory(result / "trajectory.txt"), truth, task.name)
                write_file(output / "plots" / f"{task.name}.png", encode_png(picture))
            return scores
    except MonofuseError as error:
        screen.print(f"{task.name} has no scores: {error}")
        return {}


def _machine() -> str:
    found = versions()
    return f"monofuse {found.get('monofuse', '')}, Python {found['python']}, {found['system']}"
