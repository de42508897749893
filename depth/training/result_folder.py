"""What a training run leaves behind: NAME.safetensors, its options NAME.yaml and its card NAME.md, the last weights,
log.csv, config.yaml and the checkpoint."""

from pathlib import Path

import torch
import yaml

from calib.base.errors import BadInputError
from calib.files.atomic_file import write_file
from depth.networks.weights.checkpoint import save_network
from depth.training import checkpoint_file
from depth.training.log_file import LogFile
from depth.training.model_card import card, describe_focal


class ResultFolder:
    """Raises OutputError where something cannot be written."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def open(self, config, resume):
        """Make ready to be written. Raises BadInputError where a run lies that is not to be resumed."""
        if (self.folder / checkpoint_file.NAME).exists() and not resume:
            raise BadInputError(f"{self.folder} holds a training run: add --resume to go on with it, or choose another "
                                f"--output")
        write_file(self.folder / "config.yaml", yaml.safe_dump(config.facts(), sort_keys=False).encode())

    def log(self, first_step):
        return LogFile(self.folder / "log.csv", first_step)

    def weights_path(self, entry, last=False):
        return self.folder / f"{entry.name}{'-last' if last else ''}.safetensors"

    def write_weights(self, stage, spec, last=False):
        """The weights as they are in the module, and how they want their images."""
        path = self.weights_path(stage.entry, last)
        options = {"size": list(spec.size), "focal_px": list(spec.focal_px)}
        save_network(path, stage.entry.name, stage.module)
        write_file(path.with_suffix(".yaml"), yaml.safe_dump(options).encode())

    def write_card(self, stage, config, datasets, best, step, spec):
        """`best`: {"step", "summary"} of the kept weights, or None without validation."""
        parameters = sum(parameter.numel() for parameter in stage.module.parameters())
        facts = {"input": f"whole images, at {spec.size[1]}x{spec.size[0]}", "predicts": stage.entry.predicts,
                 "focal length": describe_focal(spec), "steps": f"{step} of {stage.last}",
                 "kept": f"weights of step {best['step']}, the best {config.best_by}" if best else "the last weights",
                 "started from": Path(config.init).name if config.init else "random weights",
                 "made with": f"torch {torch.__version__}, `python -m depth train`"}
        text = card(stage.entry, parameters, config, datasets, best and best["summary"], facts)
        write_file(self.weights_path(stage.entry).with_suffix(".md"), text.encode())
