"""The loop of training: stages, steps, validations, what is kept, and where a killed run goes on."""

import time
from typing import Any, Protocol

import torch

from depth.data.augmentation import augmentation_named
from depth.evaluation.metrics import METRICS
from depth.networks import registry
from depth.runtimes.network_spec import NetworkSpec
from depth.training import checkpoint_file
from depth.training.batches import AugmentedImages, Order, batches
from depth.training.config import TrainingConfig
from depth.training.datasets import open_datasets
from depth.training.learner import Learner, StepResult
from depth.training.mixture import Mixture
from depth.training.processes import Processes
from depth.training.schedule import is_better
from depth.training.stage import Stage, initialise, stages
from depth.training.teachers import Teachers
from depth.training.training_folder import TrainingFolder
from depth.training.validation import validated

LOG_EVERY = 10
"""Steps between lines of the log."""


class Listener(Protocol):
    """Hears of the progress of a training run."""

    def stepped(self, stage: Stage, step: int, result: StepResult, images_per_s: float) -> None:
        """A step is done; `step` counts from 1."""
        ...

    def validated(self, stage: Stage, step: int, summary: dict[str, Any], kept: bool) -> None:
        """A validation is done; `kept`: whether its weights are the best so far."""
        ...


class Trainer:
    """Trains one network as a TrainingConfig says. `listener` hears of progress; see Listener."""

    def __init__(self, config: TrainingConfig, folder: TrainingFolder, processes: Processes, listener: Listener,
                 resume: bool = False) -> None:
        self.config, self.folder, self.processes, self.listener = config, folder, processes, listener
        self.entry = registry.find(config.network)
        height, width = config.size or self.entry.input_size
        self.size = height, width
        self.saved = checkpoint_file.load(folder.folder, config) if resume else None
        self.training, self.validation = open_datasets(config)
        self.augmentation = augmentation_named(config.augment)
        self.focal_px = config.focal_px or self._focal_px_of_first_dataset()
        self.spec = NetworkSpec(size=whole_image_size(self.size, self.augmentation.cover, self.entry.side_multiple),
                                focal_px=(self.focal_px, self.focal_px))
        teachers = Teachers(config.teacher, self.size, self.focal_px) if config.teacher else None
        if teachers:
            threads = torch.get_num_threads()
            teachers.try_out()
            torch.set_num_threads(threads)  # which those that torch runs have changed
        self.images = AugmentedImages(self.training, self.augmentation, self.size, self.focal_px, config.seed, teachers)
        self.mixture = Mixture([len(dataset) for dataset in self.training], config.share, config.seed)
        torch.manual_seed(config.seed)
        self.network = self.entry.build()
        coarse_is_trained = bool(config.init) and initialise(self.entry, self.network, config.init)
        self.stages = stages(self.entry, self.network, config, coarse_is_trained)
        if processes.is_first:
            folder.open(config, resume)
        self.step = self.saved["step"] if self.saved else 0
        self.best = self.saved["best"] if self.saved else None
        self.stop_wanted = False

    def train(self) -> str:
        """Train to the end or until stopped, and save, also on failure. Returns `complete` or `interrupted`."""
        log = self.folder.log(self.step) if self.processes.is_first else None
        for stage in self.stages:
            if self.saved and self.saved["stage"] != stage.entry.name:
                continue  # done before the run was resumed
            learner = self._learner(stage)
            try:
                self._run(learner, log)
            finally:
                if self.processes.is_first and (self.step or self.stop_wanted):  # what never began blocks no new start
                    self._save(learner)
            if self.step < stage.last:
                return "interrupted"
        return "complete"

    def _learner(self, stage):
        """The Learner of a stage, in the state of a resumed run."""
        if self.saved:
            self.network.load_state_dict(self.saved["network"])
        elif stage.first:
            self.best = None  # that of the stage before
        learner = Learner(stage, self.config, self.processes)
        if self.saved:
            learner.load(self.saved["learner"])
            self.saved = None
        return learner

    def _run(self, learner, log):
        """Steps up to the end of the stage, or until someone wants to stop."""
        stage, batch = learner.stage, self.config.batch
        order = Order(self.mixture, batch, self.step, stage.last, self.processes.rank, self.processes.count)
        losses, seconds, done, mark = [], 0.0, 0, time.perf_counter()
        for images in batches(self.images, order, self.config.workers, self.processes.device.type == "cuda"):
            result = learner.step(self.step, images)
            self.step, done, seconds = self.step + 1, done + batch, seconds + time.perf_counter() - mark
            losses.append(result.loss)
            self.listener.stepped(stage, self.step, result, done / seconds)
            if log and (self.step % LOG_EVERY == 0 or self.step == stage.last):
                log.add(**self._place(stage), lr=result.lr, loss=sum(losses) / len(losses),
                        gradient_norm=result.gradient_norm, images_per_s=done / seconds)
                losses = []
            if self._validates_after(self.step, stage):
                self._validate(learner, log)
            if log and self.step % self.config.checkpoint_every == 0:
                self._checkpoint(learner)
            self.stop_wanted = self.processes.any(self.stop_wanted)
            if self.stop_wanted and self.step < stage.last:
                return
            mark = time.perf_counter()
        learner.finish()

    def _place(self, stage):
        epoch = self.step * self.config.batch / len(self.images)
        return {"step": self.step, "epoch": epoch, "network": stage.entry.name}

    def _validates_after(self, step, stage):
        every = self.config.validate_every or max(1, len(self.images) // self.config.batch)
        return bool(self.validation) and (step % every == 0 or step == stage.last)

    def _validate(self, learner, log):
        """Measure the mean weights, keep them if they are the best so far, and let the schedule know."""
        summary: dict[str, Any] = {}
        if self.processes.is_first:
            with learner.ema.in_place_of(learner.module):
                summary = validated(learner.stage, self.validation, self.spec, self.config.val_images)
                value = summary[self.config.best_by]
                than = self.best["summary"][self.config.best_by] if self.best else None
                kept = is_better(self.config.best_by, value, than)
                if kept:
                    self.best = {"step": self.step, "summary": summary}
                    self.folder.write_weights(learner.stage, self.spec)
            log.add(**self._place(learner.stage), **{name: summary[name] for name in METRICS})
            self.listener.validated(learner.stage, self.step, summary, kept)
        summary = self.processes.broadcast(summary)
        if self.config.schedule == "plateau":
            learner.plateau.observe(summary[self.config.best_by], self.config)

    def _checkpoint(self, learner):
        checkpoint_file.save(self.folder.folder, {
            "config": self.config.facts(), "step": self.step, "stage": learner.stage.entry.name, "best": self.best,
            "network": self.network.state_dict(), "learner": learner.state()})

    def _save(self, learner):
        """Checkpoint, last weights, and the card; without validation the last weights are the ones that are kept."""
        stage = learner.stage
        self._checkpoint(learner)
        with learner.ema.in_place_of(learner.module):
            self.folder.write_weights(stage, self.spec, last=True)
            if self.best is None:
                self.folder.write_weights(stage, self.spec)
        datasets = {"Training": self.training, "Validation": self.validation}
        self.folder.write_card(stage, self.config, datasets, self.best, self.step, self.spec)

    def _focal_px_of_first_dataset(self):
        sample = self.training[0][0]
        scale = self.augmentation.base_scale(sample.rgb.shape[:2], self.size)
        return float((sample.camera.fx * abs(sample.camera.fy)) ** 0.5 * scale)


def whole_image_size(size: tuple[int, int], cover: float, multiple: int | None) -> tuple[int, int]:
    """Size (height, width) of whole images for a network that learned from crops of `size` showing the share `cover`.

    At it the network sees things as large as it is used to; a network of fixed size keeps that of the crops.
    """
    if multiple is None:
        return size
    height, width = (max(1, round(side / cover / multiple)) * multiple for side in size)
    return height, width
