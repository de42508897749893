"""The files of a training run.

NAME.safetensors, its options NAME.yaml and its card NAME.md, the last weights, log.csv, config.yaml and the checkpoint.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import yaml

from calib.base.errors import BadInputError
from calib.files.atomic_file import write_file
from depth.data.sample import DepthDataset
from depth.networks.registry import Network
from depth.networks.weights.checkpoint import save_network
from depth.runtimes.network_spec import NetworkSpec
from depth.training import checkpoint_file
from depth.training.config import TrainingConfig
from depth.training.log_file import LogFile
from depth.training.model_card import card, describe_focal
from depth.training.stage import Stage


class TrainingFolder:
    """The folder of a training run. Raises OutputError where something cannot be written."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def open(self, config: TrainingConfig, resume: bool) -> None:
        """Make ready to be written. Raises BadInputError where a run lies that is not to be resumed."""
        if (self.folder / checkpoint_file.NAME).exists() and not resume:
            raise BadInputError(f"{self.folder} holds a training run: add --resume to go on with it, or choose another "
                                f"--output")
        write_file(self.folder / "config.yaml", yaml.safe_dump(config.facts(), sort_keys=False).encode())

    def log(self, first_step: int) -> LogFile:
        """The log, without the rows after `first_step`."""
        return LogFile(self.folder / "log.csv", first_step)

    def weights_path(self, entry: Network, last: bool = False) -> Path:
        """Path of the best weights of a network, or of the last ones."""
        return self.folder / f"{entry.name}{'-last' if last else ''}.safetensors"

    def write_weights(self, stage: Stage, spec: NetworkSpec, last: bool = False) -> None:
        """Write the weights that the module has now, and the preprocessing of their images."""
        path = self.weights_path(stage.entry, last)
        size, focal_px = _input_of(spec)
        options = {"size": list(size), "focal_px": list(focal_px)}
        save_network(path, stage.entry.name, stage.module)
        write_file(path.with_suffix(".yaml"), yaml.safe_dump(options).encode())

    def write_card(self, stage: Stage, config: TrainingConfig, datasets: Mapping[str, Sequence[DepthDataset]],
                   best: Mapping[str, Any] | None, step: int, spec: NetworkSpec) -> None:
        """Write the model card. `best`: {"step", "summary"} of the kept weights, or None without validation."""
        parameters = sum(parameter.numel() for parameter in stage.module.parameters())
        size, (focal_px, _) = _input_of(spec)
        facts = {"input": f"whole images, at {size[1]}x{size[0]}", "predicts": stage.entry.predicts,
                 "focal length": describe_focal(size, focal_px), "steps": f"{step} of {stage.last}",
                 "kept": f"weights of step {best['step']}, the best {config.best_by}" if best else "the last weights",
                 "started from": Path(config.init).name if config.init else "random weights",
                 "made with": f"torch {torch.__version__}, `python -m depth train`"}
        text = card(stage.entry, parameters, config, datasets, best and best["summary"], facts)
        write_file(self.weights_path(stage.entry).with_suffix(".md"), text.encode())


def _input_of(spec):
    """Size and focal lengths of the input, which the NetworkSpec of a training run always has."""
    assert spec.size is not None and spec.focal_px is not None, "training decides about both"
    return spec.size, spec.focal_px
