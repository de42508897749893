"""Which images of a dataset are for training, for validation and for the final test."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from calib.base.errors import BadInputError, SourceError
from calib.files.text_file import data_lines

SPLITS = ("train", "val", "test", "all")
BLOCK, EVERY = 24, 8
"""Validation takes the last of every 8 blocks of 24 images: neighbouring images show the same room."""


def is_validation(number: int) -> bool:
    """Whether image `number` of a dataset without a validation split of its own is held back from training."""
    return number // BLOCK % EVERY == EVERY - 1


def chosen(names: Sequence[str], numbers: Sequence[int], split: str, where: str | Path,
           tests: Iterable[int] | None = None) -> list[int]:
    """Names and numbers of all images -> list of the indices that belong to `split`.

    `split` is one of SPLITS, or a text file whose lines begin with the names of images, as KITTI's are. `tests` are
    the indices of the official test images, where there are any. Raises BadInputError where nothing is left.
    """
    if split not in SPLITS:
        indices = _listed(names, split)
    elif split == "all":
        indices = list(range(len(names)))
    elif split == "test":
        if tests is None:
            raise BadInputError(f"{where} has no official test images here: choose --split train, val or all")
        indices = sorted(tests)
    else:
        official = set(tests or ())
        indices = [index for index, number in enumerate(numbers)
                   if index not in official and is_validation(number) == (split == "val")]
    if not indices:
        raise BadInputError(f"{where}: none of its {len(names)} images is in the split {split}")
    return indices


def _listed(names, split):
    path = Path(split)
    try:
        wanted = {line.split(maxsplit=1)[0] for _, line in data_lines(path)}
    except SourceError:
        raise BadInputError(f"--split {split}: expected {', '.join(SPLITS)}, or a text file of image names") from None
    return [index for index, name in enumerate(names) if name in wanted]
