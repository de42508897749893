"""Arrays from MATLAB files up to version 7."""

from pathlib import Path

import numpy as np

from calib.base.errors import BadInputError, SourceError
from calib.files.bounded_file import bytes_of
from calib.files.mat_file import MAX_BYTES, mat_contents


def read_array(path: str | Path, name: str) -> np.ndarray:
    """The array called `name` in a .mat file. Raises BadInputError."""
    try:
        return mat_contents(bytes_of(Path(path), MAX_BYTES, "a .mat file"), [name])[name]
    except SourceError:
        raise
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror or error}") from error
    except Exception as error:  # a KeyError without it; damaged bytes raise many kinds
        raise BadInputError(f"{path} has no {name}: it is damaged, or not what its name says") from error
