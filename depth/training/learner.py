"""One step of training, with everything that a step changes."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from calib.base.errors import BadInputError, MonofuseError
from depth.losses.objective import Objective, Prediction
from depth.losses.shape import shape
from depth.training import schedule
from depth.training.batches import Batch
from depth.training.config import TrainingConfig
from depth.training.ema import Ema
from depth.training.processes import Processes
from depth.training.stage import Stage, norms, prepare

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class StepResult(NamedTuple):
    """Figures of one step."""

    loss: float
    gradient_norm: float
    lr: float


class Learner:
    """One stage of training. Raises BadInputError where the configuration does not fit the network or the machine."""

    def __init__(self, stage: Stage, config: TrainingConfig, processes: Processes) -> None:
        self.stage, self.config, self.processes = stage, config, processes
        # Channels last is twice as fast on CPUs; torch's types do not have the argument.
        self.module = stage.module.to(  # pyright: ignore[reportCallIssue]
            processes.device, memory_format=torch.channels_last)
        learning = prepare(stage, config)
        self.parameters = [parameter for parameter, _ in learning]
        self.frozen_norms = norms(self.module, config.freeze_norm) + norms(self.module, config.freeze_statistics)
        self.forward = processes.parallel(self.module)
        self.objective = Objective(config.loss or stage.entry.loss)
        self.optimiser = _optimiser(_groups(learning, config), config)
        self.plateau = schedule.Plateau()
        self.ema = Ema(self.module, config.ema)
        self.dtype = _dtype(config.precision, processes.device)
        self.scaler = torch.amp.GradScaler(processes.device.type, enabled=self.dtype == torch.float16)

    def step(self, number: int, images: Batch) -> StepResult:
        """Learn from a batch -> StepResult. Raises MonofuseError where the loss is no number."""
        torch.manual_seed(_seed(self.config.seed, number, self.processes.rank))  # so that no state of it need be kept
        lr = self._set_lr(number)
        self._train_mode()
        loss = self._loss(images)
        if not math.isfinite(loss.item()):
            raise MonofuseError(f"the loss is {loss.item()} at step {number}: try a lower --lr, or --clip 1")
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimiser)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.config.clip or math.inf)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.ema.update(self.module)
        return StepResult(loss.item(), norm.item(), lr)

    def _loss(self, images):
        device = self.processes.device
        prediction = self.predict(images.rgb)
        loss = self.objective(prediction, images.depth_m.to(device, non_blocking=True))
        if images.taught is None:
            return loss
        taught = functional.interpolate(images.taught.to(device, non_blocking=True), prediction.value.shape[-2:],
                                        mode="bilinear")
        return loss + self.config.teacher_weight * shape(prediction.log_depth, taught)

    def predict(self, rgb: Tensor) -> Prediction:
        """(B, 3, h, w) uint8 -> Prediction in float32."""
        device = self.processes.device
        image = rgb.to(device, non_blocking=True).float() / 255
        with torch.autocast(device.type, self.dtype, enabled=self.dtype != torch.float32):
            output = self.forward(image)
        value, *error = output if isinstance(output, tuple) else (output,)
        return Prediction(value.float(), self.stage.entry.predicts == "log_depth", *(part.float() for part in error))

    def finish(self) -> None:
        """Leave the module with its mean weights, for the next stage to build on."""
        self.ema.copy_to(self.module)

    def state(self) -> dict[str, Any]:
        """Contents for a checkpoint: everything the next step depends on, besides configuration and weights."""
        return {"optimiser": self.optimiser.state_dict(), "ema": self.ema.state(), "scaler": self.scaler.state_dict(),
                "plateau": vars(self.plateau).copy()}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.optimiser.load_state_dict(state["optimiser"])
        self.ema.load(state["ema"])
        self.scaler.load_state_dict(state["scaler"])
        self.plateau = schedule.Plateau(**state["plateau"])

    def _set_lr(self, number):
        now = schedule.factor(self.config, number - self.stage.first, self.stage.last - self.stage.first)
        lr = self.config.lr * now * self.plateau.factor
        for group in self.optimiser.param_groups:
            group["lr"] = lr * group["factor"]
        return lr

    def _train_mode(self):
        self.forward.train()
        for norm in self.frozen_norms:
            norm.eval()


def _groups(learning, config):
    """(parameter, factor) pairs -> groups of an optimiser. Weights decay; biases and normalisation do not."""
    groups = {}
    for parameter, factor in learning:
        groups.setdefault((factor, parameter.ndim > 1), []).append(parameter)
    return [{"params": parameters, "factor": factor, "weight_decay": config.weight_decay if decays else 0.0}
            for (factor, decays), parameters in groups.items()]


def _optimiser(groups, config):
    if config.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config.optimiser]
    return kind(groups, lr=config.lr, betas=(config.momentum, 0.999), fused=True)  # one pass over memory, not nine


def _dtype(precision, device):
    if precision == "auto":
        if device.type != "cuda":
            return torch.float32
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if precision == "fp16" and device.type != "cuda":
        raise BadInputError("--precision fp16 needs a GPU: choose bf16 or fp32")
    return DTYPES[precision]


def _seed(seed, step, rank):
    """One number for each step of each process."""
    return ((seed * 1_000_003 + step) * 1009 + rank) % 2**63
