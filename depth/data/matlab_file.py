"""Arrays from MATLAB files up to version 7."""

from pathlib import Path

import numpy as np
from scipy.io import loadmat

from calib.base.errors import BadInputError


def read_array(path: str | Path, name: str) -> np.ndarray:
    """The array called `name` in a .mat file. Raises BadInputError."""
    try:
        return loadmat(path, variable_names=[name])[name]
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror or error}") from error
    except Exception as error:  # a KeyError without it; damaged bytes raise many kinds
        raise BadInputError(f"{path} has no {name}: it is damaged, or not what its name says") from error
