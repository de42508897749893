"""Work that is done in steps and has a result."""

from collections.abc import Generator, Iterator
from typing import Generic, TypeVar

Step = TypeVar("Step")
Result = TypeVar("Result")


class Outcome(Generic[Step, Result]):
    """A generator to iterate over; `value` is what it returned, None until then."""

    def __init__(self, steps: Generator[Step, None, Result]):
        self.steps = steps
        self.value: Result | None = None

    def __iter__(self) -> Iterator[Step]:
        self.value = yield from self.steps
