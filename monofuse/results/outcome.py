"""Work that is done in steps and has a result."""

from collections.abc import Generator, Iterator
from typing import Generic, TypeVar

from monofuse.interface.screen import Screen

Step = TypeVar("Step")
Result = TypeVar("Result")


class Outcome(Generic[Step, Result]):
    """A generator to iterate over; `value` is what it returned, None until then."""

    def __init__(self, steps: Generator[Step, None, Result]):
        self.steps = steps
        self.value: Result | None = None

    def __iter__(self) -> Iterator[Step]:
        self.value = yield from self.steps


def finished(steps: Generator[float, None, Result], text: str, screen: Screen) -> Result:
    """Do all steps, their share of the work on the screen behind a text -> their result"""
    outcome = Outcome(steps)
    with screen.status(text) as status:
        for share in outcome:
            status.update(f"{text}: {share:.0%}")
    assert outcome.value is not None, "all steps were done"
    return outcome.value
