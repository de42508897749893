"""The checkpoint from which a killed run goes on. It is replaced in one go, so there is always a whole one."""

from pathlib import Path
from typing import Any

import torch

from calib.base.errors import BadInputError, OutputError
from calib.files.atomic_file import replacing
from depth.training.config import TrainingConfig

NAME = "checkpoint.pt"


def save(folder: str | Path, state: dict[str, Any]) -> None:
    """Write a checkpoint. Raises OutputError."""
    path = Path(folder) / NAME
    try:
        with replacing(path) as partial:
            torch.save(state, partial)
    except RuntimeError as error:  # torch's own words for a full disk
        raise OutputError(f"cannot write {path}: {' '.join(str(error).split())}") from error


def load(folder: str | Path, config: TrainingConfig) -> dict[str, Any]:
    """The saved state. Raises BadInputError where there is none, or of a run with other options."""
    path = Path(folder) / NAME
    if not path.is_file():
        raise BadInputError(f"--resume: {folder} holds no {NAME}: leave --resume out to begin")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        different = config.differences(state["config"])
    except Exception as error:  # pickle and zip raise many kinds
        raise BadInputError(f"{path} cannot be read: {' '.join(str(error).split())[:200]}") from error
    if different:
        raise BadInputError(f"--resume: the run in {folder} was started with other values of {', '.join(different)}: "
                            f"give the same, or another --output")
    return state
