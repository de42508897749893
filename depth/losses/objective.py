"""From the text of `--loss` to what training minimises: a weighted sum of losses, each in its own kind of depth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from calib.base.errors import BadInputError
from depth.losses.gradient import multi_scale_gradient
from depth.losses.likelihood import gaussian, laplace
from depth.losses.masked import log_depth
from depth.losses.pointwise import berhu, l1, l2, log_l1
from depth.losses.scale_invariant import scale_invariant, scale_invariant_root


class Loss(NamedTuple):
    """A loss and what its text may say."""

    function: Callable[..., Tensor]
    of: str
    """What it compares: `depth` in metres, `log` (natural logarithms of it), or `error` (log, with log_error)."""
    options: Mapping[str, float] = MappingProxyType({})
    """Options that its text may set, with their defaults."""


LOSSES = {
    "l2": Loss(l2, "depth"),
    "l1": Loss(l1, "depth"),
    "berhu": Loss(berhu, "depth", {"per_image": 0}),
    "log_l1": Loss(log_l1, "depth"),
    "silog": Loss(scale_invariant, "log", {"lam": 0.5}),
    "silog_root": Loss(scale_invariant_root, "log", {"lam": 0.85}),
    "si_linear": Loss(scale_invariant, "depth", {"lam": 0.5}),
    "gradient": Loss(multi_scale_gradient, "log", {"scales": 4}),
    "gradient_linear": Loss(multi_scale_gradient, "depth", {"scales": 4}),
    "laplace": Loss(laplace, "error"),
    "gaussian": Loss(gaussian, "error"),
}


class Prediction(NamedTuple):
    """Predictions for a batch, as depth or as its logarithm."""

    value: Tensor
    """(B, 1, h, w) depth in metres, or its natural logarithm."""
    is_log: bool
    """Whether `value` is the logarithm."""
    log_error: Tensor | None = None
    """(B, 1, h, w) log of the expected absolute error of log depth, from networks that say so."""

    @property
    def depth_m(self) -> Tensor:
        """(B, 1, h, w) depth in metres."""
        return self.value.exp() if self.is_log else self.value

    @property
    def log_depth(self) -> Tensor:
        """(B, 1, h, w) natural logarithm of depth in metres."""
        return self.value if self.is_log else log_depth(self.value)


@dataclass(frozen=True)
class Term:
    """One loss of an objective, with its weight in the sum and its options."""

    name: str
    weight: float
    options: Mapping[str, float]

    def __call__(self, prediction: Prediction, ground_truth_m: Tensor, valid: Tensor) -> Tensor:
        function, of, _ = LOSSES[self.name]
        if of == "depth":
            return function(prediction.depth_m, ground_truth_m, valid, **self.options)
        log_ground_truth = torch.where(valid, ground_truth_m, 1).log()
        if of == "log":
            return function(prediction.log_depth, log_ground_truth, valid, **self.options)
        if prediction.log_error is None:
            raise BadInputError(f"--loss {self.name} needs a network that predicts its uncertainty; this one does not")
        return function(prediction.log_depth, log_ground_truth, valid, prediction.log_error)


class Objective:
    """A weighted sum of losses. Raises BadInputError where `text`, as in `silog:lam=0.85+0.5*gradient`, is wrong."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.terms = [_term(part, text) for part in text.replace(" ", "").split("+")]

    def __call__(self, prediction: Prediction, ground_truth_m: Tensor) -> Tensor:
        """Prediction (B, 1, h, w) and ground truth (B, 1, H, W) in metres, 0 where there is none -> scalar.

        Ground truth is brought to the prediction's size, as the papers train: by the nearest pixel, never by a mean
        across an edge.
        """
        size = prediction.value.shape[-2:]
        if ground_truth_m.shape[-2:] != size:
            ground_truth_m = functional.interpolate(ground_truth_m, size, mode="nearest-exact")
        valid = ground_truth_m > 0
        return torch.stack([term.weight * term(prediction, ground_truth_m, valid) for term in self.terms]).sum()


def _term(part, text):
    """`0.5*silog:lam=1` -> Term"""
    weight, star, rest = part.rpartition("*")
    name, *settings = rest.split(":")
    if name not in LOSSES:
        raise BadInputError(f"--loss {text}: no loss {name!r}; there are {', '.join(LOSSES)}, and sums of them such as "
                            f"silog:lam=0.85+0.5*gradient")
    options = dict(LOSSES[name].options)
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or key not in options:
            raise BadInputError(f"--loss {text}: {name} has {'the options ' + ', '.join(options) if options else 'no'}"
                                f"{'' if options else ' options'}, not {setting!r}")
        options[key] = _number(value, text) if isinstance(options[key], float) else int(_number(value, text))
    return Term(name, _number(weight, text) if star else 1.0, options)


def _number(value, text):
    try:
        number = float(value)
        if not 0 <= number < 1e9:
            raise ValueError
    except ValueError:
        raise BadInputError(f"--loss {text}: {value!r} is not a usable number") from None
    return number
