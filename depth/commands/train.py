"""`python -m depth train`: from images with depth to weights.

What it writes to --output: the best weights NETWORK.safetensors with NETWORK.yaml (how they want their images) and
NETWORK.md (model card), the last weights, log.csv, config.yaml, and the checkpoint from which --resume goes on.
"""

import argparse
import math
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import MofNCompleteColumn, TextColumn, TimeElapsedColumn

from calib.base.command_line import whole_number
from calib.base.errors import BadInputError
from calib.base.progress import progress_bar
from calib.base.stop_signals import catching_stop_signals
from depth.data.augmentation import AUGMENTATIONS
from depth.networks.registry import load_torch
from depth.training.config import CHOICES, TrainingConfig
from depth.training.recipes import RECIPES, recipe

if TYPE_CHECKING:
    from depth.training.learner import StepResult
    from depth.training.stage import Stage
    from depth.training.trainer import Trainer

HELP = "train a network on images with depth; Ctrl-C saves, --resume goes on, torchrun takes several GPUs or machines"
SHOWN = ("rel", "rms", "log10", "delta1", "delta2", "delta3")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_argument_group("what")
    what.add_argument("--network", required=True, metavar="NAME", help="a name that `python -m depth list` prints")
    what.add_argument("--data", required=True, action="append", metavar="DIR",
                      help="images to train on: a folder recognised by its layout, or NAME:DIR; may be repeated")
    what.add_argument("--output", type=Path, metavar="DIR", help="where results go (default: results/train/NETWORK)")
    what.add_argument("--resume", action="store_true", help="go on with the run in --output, as if it had not stopped")
    what.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train")
    what.add_argument("--threads", type=whole_number(1), metavar="N", help="threads of the process that trains")
    add = _settings(parser.add_argument_group("images"))
    add("--split", "NAME", "images of --data to train on: train, all, or a file of names")
    add("--share", "S", "share of each --data, in their order and in any unit (default: by their number of images)",
        action="append", type=float)
    add("--val-data", "DIR", "images to validate on (default: the validation part of --data)", action="append")
    add("--val-images", "N", "validate on so many of them, evenly chosen", type=whole_number(1))
    add("--size", "H,W", "height and width of the input (default: the paper's)", type=_size)
    add("--focal-px", "F", "focal length to predict depth for, in input pixels (default: the first dataset's)",
        type=float)
    add("--augment", None, "random variants of images", choices=tuple(AUGMENTATIONS))
    add("--workers", "N", "processes that read images", type=int)
    add = _settings(parser.add_argument_group("learning"))
    parser.add_argument("--recipe", choices=tuple(RECIPES), help="a paper's settings, for what is not given here")
    parser.add_argument("--epochs", type=float, metavar="N", help="passes over the images, instead of --steps")
    add("--steps", "N", "optimiser steps in all", type=int)
    add("--loss", "L", "as in berhu or silog:lam=0.85+0.5*gradient (default: the paper's)")
    add("--init", "NAME|FILE", "weights to start from: this network's, such as `mobile`, its first stage's, or its "
        "encoder's of ImageNet")
    add("--batch", "N", "images per step, over all processes", type=int)
    add("--optimiser", None, "how steps are taken", choices=CHOICES["optimiser"])
    add("--lr", "RATE", "learning rate at its highest", type=float)
    add("--lr-of", "PREFIX=FACTOR", "factor on the rate of some parameters, 0 to keep them; may be repeated",
        action="append", type=_factor)
    add("--momentum", "M", "of sgd; first beta of adam", type=float)
    add("--weight-decay", "W", "of weights, not of biases and normalisation", type=float)
    add("--clip", "NORM", "largest norm of the gradient", type=float)
    add("--freeze-norm", "PREFIX", "modules whose batch normalisation stays fixed")
    add("--freeze-statistics", "PREFIX", "modules whose batch normalisation keeps its statistics, but learns")
    add("--teacher", "NAME|FILE", "network whose shapes are learnt, too, as in mobile or FILE.onnx; may be repeated",
        action="append")
    add("--teacher-weight", "W", "of that in the loss", type=float)
    add("--coarse-share", "S", "share of the steps for the first of two stages", type=float)
    add("--ema", "DECAY", "running mean of the weights, as in 0.999", type=float)
    add("--precision", None, "numbers of the forward pass", choices=CHOICES["precision"])
    add("--seed", "N", "decides every random choice", type=int)
    add("--deterministic", None, "the same bits on every run, also on a GPU; torch warns where it cannot",
        action="store_true")
    add = _settings(parser.add_argument_group("schedule"))
    add("--schedule", None, "learning rate over time", choices=CHOICES["schedule"])
    add("--warm-up", "N", "steps in which the rate rises from 0", type=int)
    add("--end-lr", "SHARE", "last rate over the highest", type=float)
    add("--decay-share", "S", "share of the steps over which poly decays", type=float)
    add("--power", "P", "of poly", type=float)
    add("--patience", "N", "validations without progress before plateau lowers the rate", type=int)
    add("--plateau-factor", "F", "by which it does", type=float)
    add("--validate-every", "N", "steps between validations (default: once an epoch)", type=int)
    add("--best-by", None, "metric that decides which weights are kept", choices=CHOICES["best_by"])
    add("--checkpoint-every", "N", "steps between checkpoints", type=int)


def run(arguments: argparse.Namespace) -> None:
    """Trains. Raises KeyboardInterrupt, once everything is saved, if that is how it ended."""
    torch = load_torch("training")
    from depth.training.processes import join
    config = config_of(arguments)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if config.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # asked for by cuBLAS
        torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = not config.deterministic
    processes = join(arguments.device)
    try:
        ended = _trained(config, processes, arguments)
    finally:
        processes.leave()
    if ended != "complete":
        raise KeyboardInterrupt


def _trained(config, processes, arguments):
    """-> how it ended; nothing that holds on to the other processes outlives this call"""
    from depth.training.trainer import Trainer
    from depth.training.training_folder import TrainingFolder
    folder = TrainingFolder(arguments.output or Path("results") / "train" / config.network)
    display = Display(config, quiet=not processes.is_first)
    trainer = Trainer(config, folder, processes, display, arguments.resume)
    display.introduce(trainer)
    with stopping_on_signals(trainer), display.progress:
        ended = trainer.train()
    display.conclude(trainer, ended)
    return ended


def stopping_on_signals(trainer: "Trainer") -> AbstractContextManager[None]:
    """A `with` block in which Ctrl-C, `kill` and a closed terminal let the trainer finish its step, save and stop."""
    def stop(*_):
        trainer.stop_wanted = True
    return catching_stop_signals(stop)


def config_of(arguments: argparse.Namespace) -> TrainingConfig:
    """Recipe, then what was given -> TrainingConfig"""
    given = {name: value for name, value in vars(arguments).items() if name in TrainingConfig.__dataclass_fields__}
    values: dict[str, Any] = {**(recipe(arguments.recipe) if arguments.recipe else {}), **given}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    config = TrainingConfig(**values)
    if arguments.epochs is None:
        return config
    if "steps" in given or not arguments.epochs > 0:
        raise BadInputError("give either --steps or a positive --epochs")
    from depth.training.datasets import open_datasets
    images = sum(map(len, open_datasets(config)[0]))
    return TrainingConfig(**{**values, "steps": math.ceil(arguments.epochs * images / config.batch)})


class Display:
    """What the person who waits sees."""

    def __init__(self, config: TrainingConfig, quiet: bool):
        self.console = Console(quiet=quiet, highlight=False, soft_wrap=True)
        self.progress = progress_bar(MofNCompleteColumn(), TextColumn("{task.fields[speed]}"), TimeElapsedColumn(),
                                     console=self.console, transient=False)
        self.config, self.tasks = config, {}

    def introduce(self, trainer: "Trainer") -> None:
        from depth.training.stage import without_effect
        for role, datasets in (("training", trainer.training), ("validation", trainer.validation)):
            images = ", ".join(f"{dataset.name} ({len(dataset)} images)" for dataset in datasets) or "none"
            self.console.print(f"{role:11}{images}")
        self.console.print(f"network    {trainer.entry.name} at {trainer.size[1]}x{trainer.size[0]}, focal length "
                           f"{trainer.focal_px:.1f} px, loss {self.config.loss or trainer.entry.loss}")
        for name in without_effect([stage.module for stage in trainer.stages], self.config):
            self.console.print(f"no effect  {name}: nothing in this network has a name that begins so")

    def stepped(self, stage: "Stage", step: int, result: "StepResult", images_per_s: float) -> None:
        name = stage.entry.name
        if name not in self.tasks:
            self.tasks[name] = self.progress.add_task(name, total=stage.last, completed=step, speed="")
        self.progress.update(self.tasks[name], completed=step, description=f"{name} loss {result.loss:.4f}",
                             speed=f"{images_per_s:.1f} images/s")

    def validated(self, stage: "Stage", step: int, summary: Mapping[str, float], kept: bool) -> None:
        values = "  ".join(f"{name} {summary[name]:.3f}" for name in SHOWN)
        self.console.print(f"step {step:<7}{values}{'  (best so far)' if kept else ''}")

    def conclude(self, trainer: "Trainer", ended: str) -> None:
        if ended != "complete":
            self.console.print(f"stopped at step {trainer.step}; the same command with --resume goes on")
        self.console.print(f"written to {trainer.folder.folder}")


def _settings(group):
    """add_argument for fields of TrainingConfig: what is not given stays out of the arguments."""
    def add(name, metavar, help, **options):
        if metavar is not None:
            options["metavar"] = metavar
        group.add_argument(name, help=help, default=argparse.SUPPRESS, **options)
    return add


def _size(text):
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdecimal() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"expected height and width in pixels, as in 224,288, not {text!r}")
    return int(parts[0]), int(parts[1])


def _factor(text):
    prefix, _, factor = text.partition("=")
    try:
        if 0 <= float(factor) < math.inf:
            return prefix, float(factor)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"expected the beginning of parameters' names and a factor, as in encoder=0.1, "
                                     f"not {text!r}")
