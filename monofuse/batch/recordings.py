"""From what the user typed to the tasks of a batch: recordings times settings, each with a name of its own."""

import os
import re
from argparse import Namespace
from collections.abc import Sequence
from itertools import product
from pathlib import PurePosixPath

from calib.base.errors import BadInputError
from monofuse.batch.place import FILE_URL, Place
from monofuse.batch.store import file_system, is_remote, reading
from monofuse.batch.task import Task, plain_arguments
from sequences.catalogue import SOURCES, recordings_in

OF_BATCH = ("recordings", "workers", "address", "slurm", "cpus", "gpus", "memory")
"""Arguments that are none of a run."""
LIVE = ("webcam", "stream", "realsense")
BRACKETS = {"[": 1, "{": 1, "(": 1, "]": -1, "}": -1, ")": -1}


def tasks_of(arguments: Namespace, place: Place) -> list[Task]:
    """Every recording in every setting. Raises BadInputError where a word is no recording, or names collide."""
    sources = [source for word in arguments.recordings for source in _sources(word)]
    if len(set(sources)) < len(sources):
        twice = next(source for source in sources if sources.count(source) > 1)
        raise BadInputError(f"{twice} is given twice")
    names = names_of(sources)
    return [Task(_with_setting(name, setting), as_run(arguments, source, setting), setting, place, os.getcwd())
            for source, name in zip(sources, names) for setting in settings_of(arguments)]


def settings_of(arguments: Namespace) -> list[tuple[tuple[str, str], ...]]:
    """What is searched: each value of `--depth A,B` with each of every `--set NAME=1,2` -> (option, value) of each.

    What has one value only is not part of a setting; without any search there is one setting, which is empty.
    """
    searched = [(name, values) for name, values in _choices(arguments) if len(values) > 1]
    return [tuple(zip([name for name, _ in searched], values)) for values in product(*(v for _, v in searched))]


def _choices(arguments):
    if arguments.depth:
        yield "depth", alternatives(arguments.depth)
    for name, text in arguments.set:
        yield name, alternatives(text)


def alternatives(text: str) -> list[str]:
    """`1,2,3` -> its parts; commas within brackets do not separate, as in `[1,2],[3,4]`."""
    parts, depth = [""], 0
    for letter in text:
        depth += BRACKETS.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def as_run(arguments: Namespace, source: str, setting: Sequence[tuple[str, str]] = ()) -> Namespace:
    """The arguments of one run: without those of the batch, and with one value of what is searched."""
    chosen = dict(setting)
    own = {name: value for name, value in vars(arguments).items() if name not in OF_BATCH}
    return Namespace(**own | {"source": source, "output": None, "depth": chosen.get("depth", arguments.depth),
                              "set": [(name, chosen.get(name, text)) for name, text in arguments.set]})


def _sources(word: str) -> list[str]:
    """A word of the command line -> sources as `monofuse run` takes them."""
    if is_remote(word):
        return _remote_sources(word)
    word = word.removeprefix(FILE_URL)
    name, colon, _ = word.partition(":")
    if name in LIVE or (colon and "://" in word):
        raise BadInputError(f"{word} is a camera: a batch takes recordings")
    return [_absolute(source) for source in recordings_in(word)]


def _absolute(source: str) -> str:
    """Workers may be elsewhere."""
    name, colon, path = source.partition(":")
    if source.startswith("synthetic"):
        return source
    if colon and name in SOURCES:
        return f"{name}:{os.path.abspath(path)}"
    return os.path.abspath(source)


def _remote_sources(url: str) -> list[str]:
    """A URL, or all that a pattern with * finds. Raises BadInputError where there is nothing."""
    system, path = file_system(url)
    try:
        with reading(url):
            found = sorted(system.glob(path)) if "*" in path else [path] if system.exists(path) else []
    except FileNotFoundError:  # gcsfs: the bucket, while s3fs finds nothing in one that is not there
        found = []
    if not found:
        raise BadInputError(f"there is nothing at {url}")
    return [system.unstrip_protocol(each) for each in found]


def names_of(sources: Sequence[str]) -> list[str]:
    """The last part of each source, or as many of the last parts as tell it from the others."""
    parts = [[part for part in re.split(r"[/\\]", _path_of(source)) if part] for source in sources]
    names = [_plain(each[-1:]) for each in parts]
    for count in range(2, 1 + max(map(len, parts), default=0)):
        taken = [name for name in names if names.count(name) > 1]
        names = [_plain(each[-count:]) if name in taken else name for each, name in zip(parts, names)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInputError(f"two recordings would both be called {twice}: give them folders of different names")
    return names


def _path_of(source):
    name, colon, path = source.partition(":")
    return path if colon and name in SOURCES and name != "synthetic" else source


def _plain(parts):
    """Parts of a path -> what may be the name of a folder everywhere."""
    *folders, last = parts
    stem = PurePosixPath(last).stem if re.search(r"\.[A-Za-z]\w{1,4}$", last) else last
    return re.sub(r"[^\w.,=+-]+", "_", "_".join([*folders, stem])).strip(".") or "recording"


def _with_setting(name, setting):
    words = [f"{option}={_plain([value])}" for option, value in setting]
    return "@".join([name, ",".join(words)] if words else [name])


def is_finished(task: Task) -> bool:
    """Whether its result is there. Raises BadInputError where that was made from something else, or otherwise."""
    report = task.place.report(task.name)
    if report is None:
        return False
    made, wanted = report.get("arguments", {}), plain_arguments(task.arguments)
    for name in wanted.keys() & made.keys():
        if made[name] != wanted[name]:
            raise BadInputError(f"{task.place.at(task.name)} was made with {name} {made[name]!r}, not "
                                f"{wanted[name]!r}: choose another --output, or remove it")
    return True
