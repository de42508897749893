"""The progress bar of every command: one look, and none where the output is no terminal."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")


def progress_bar(*columns: ProgressColumn, console: Console | None = None, transient: bool = True) -> Progress:
    """A `with` block that yields rich's Progress: title, bar, how many of how many (or `columns`), time remaining.

    `transient`: whether the bar goes away when it is done.
    """
    screen = console or Console()
    return Progress(TextColumn("{task.description}", markup=False), BarColumn(), *(columns or (MofNCompleteColumn(),)),
                    TimeRemainingColumn(), console=screen, transient=transient, disable=not screen.is_terminal)


def tracked(items: Iterable[Item], count: int, title: str) -> Iterator[Item]:
    """The `count` items, with a bar while they come."""
    with progress_bar() as bar:
        yield from bar.track(items, total=count, description=title)
