"""Steps of training with torch: batches of varied images, the loss, the optimiser."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from depth.adaptation.config import AdaptationConfig
from depth.adaptation.lessons import Known
from depth.adaptation.loss import Lesson, error_loss, own_gradient_loss, target_loss
from depth.losses import masked
from depth.runtimes.network_spec import NetworkSpec
from depth.runtimes.preprocessing import to_input


class Training:
    """A module that is trained in place.

    In one cycle of `config.steps` steps, or endlessly: then the step size grows as it does there, and stays.
    """

    def __init__(self, module: nn.Module, named_weights: Mapping[str, nn.Parameter], spec: NetworkSpec,
                 config: AdaptationConfig, endless: bool = False) -> None:
        self.module, self.spec, self.config = module, spec, config
        self.random = np.random.default_rng(config.seed)
        self.weights = trained_weights(named_weights, config.fixed)
        self.optimiser = torch.optim.AdamW(self.weights, config.learning_rate, weight_decay=0)
        self.schedule = torch.optim.lr_scheduler.LinearLR(
            self.optimiser, 0.1, 1.0, max(1, round(config.warm_up * config.steps))) if endless else \
            torch.optim.lr_scheduler.OneCycleLR(
                self.optimiser, config.learning_rate, total_steps=config.steps + 1, pct_start=config.warm_up)

    def drawn(self, known: Sequence[Known]) -> list[Known]:
        """A batch at random, of images of one size."""
        size = known[int(self.random.integers(len(known)))].image.shape
        alike = [each for each in known if each.image.shape == size]
        return [alike[k] for k in self.random.integers(len(alike), size=self.config.batch)]

    def step(self, batch: Sequence[Known]) -> float:
        """One step on a batch of images of one size, which are varied -> loss."""
        images, lesson = self._batch(batch)
        outputs = self.module(images)
        predicted = log_depth(outputs[0], self.spec)
        loss = target_loss(predicted, lesson) + self.config.gradient_weight * own_gradient_loss(predicted, lesson)
        if self.spec.predicts_error:
            loss = loss + self.config.error_weight * error_loss(predicted, outputs[1].reshape(predicted.shape), lesson)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.weights, self.config.max_gradient)
        self.optimiser.step()
        self.schedule.step()
        return loss.item()

    @torch.inference_mode()
    def error(self, lesson: Known) -> float:
        """Mean error of log depth, weighted, on an image."""
        image = to_input(lesson.image, lesson.image.shape[:2], self.spec)
        device = next(self.module.parameters()).device
        predicted = log_depth(self.module(torch.from_numpy(image).to(device))[0], self.spec)
        return lesson.error(predicted.cpu().numpy().reshape(lesson.own.shape))

    def _batch(self, batch):
        """Varied images and what is known about them, as tensors."""
        rows = [_varied(each, self.random, self.config.gain) for each in batch]
        images = np.concatenate([to_input(row.image, row.image.shape[:2], self.spec) for row in rows])
        device = next(self.module.parameters()).device
        lesson = Lesson(*(torch.from_numpy(np.stack(maps)[:, None]).to(device)
                          for maps in zip(*((row.log_depth, row.weight, row.own) for row in rows))))
        return torch.from_numpy(images).to(device), lesson


def trained_weights(named: Mapping[str, nn.Parameter], fixed: tuple[str, ...]) -> list[nn.Parameter]:
    """{name: weight} -> those that are trained; the others need no gradient from now on."""
    open_ones = [name for name, weight in named.items() if weight.requires_grad]
    names = [name for name in open_ones if not name.startswith(fixed)] or open_ones
    for name in open_ones:
        named[name].requires_grad_(name in names)
    return [named[name] for name in names]


def log_depth(output: Tensor, spec: NetworkSpec) -> Tensor:
    """Raw output of the network -> (B, 1, h, w) logarithm of depth in metres, for the training camera."""
    output = output.reshape(len(output), 1, *[side for side in output.shape[1:] if side > 1])
    scale = float(np.log(spec.scale))
    if spec.output == "log_depth":
        return output + scale
    return (-1 if spec.output == "inverse_depth" else 1) * masked.log_depth(output) + scale


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """A `with` block in which torch has this many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _varied(each, random, gain):
    """Mirrored or not, and brighter or darker, each colour a little differently."""
    gains = 1 + random.uniform(-gain, gain, 3)
    image = np.clip(each.image * gains, 0, 255).astype(np.uint8)
    if random.random() < 0.5:
        return Known(*(np.ascontiguousarray(values[:, ::-1]) for values in (image, *each[1:])))
    return each._replace(image=image)
