"""Training of an estimator's network on targets, step by step."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from calib.base.errors import BadInputError
from depth.adaptation.config import AdaptationConfig
from depth.adaptation.lessons import Known, known, of_own_scale
from depth.adaptation.target import Target
from depth.adaptation.trainable import trainable
from depth.estimator import DepthEstimator
from depth.evaluation.evaluate import evenly
from depth.runtimes.image_network import ImageNetwork

SUFFIXES = (".safetensors", ".onnx")
"""Endings of files of adapted networks."""


class Adapter:
    """Trains the network of an estimator, which itself stays as it is.

    Deterministic on a CPU: the same targets give the same weights, byte for byte.
    """

    def __init__(self, estimator: DepthEstimator, config: AdaptationConfig | None = None) -> None:
        """Raises NetworkError where the network cannot be trained, MissingPackageError; see trainable.adaptable."""
        self.config, self.trainable = config or AdaptationConfig(), trainable(estimator)
        self._original = self.trainable.original

    def steps(self, targets: Sequence[Target]) -> Iterator[float]:
        """Train on `targets`; yields the share that is done after each step. Raises BadInputError where none is known.

        May be left at any time, and called again with more targets.
        """
        from depth.adaptation.training import Training, torch_threads
        lessons = self._known(targets)
        with torch_threads(self.config.threads):
            training = Training(self.trainable.module, self.trainable.named_weights(), self._original.spec,
                                self.config)
            for k in range(self.config.steps):
                training.step(training.drawn(lessons))
                yield (k + 1) / self.config.steps

    def _known(self, targets) -> list[Known]:
        """Those targets that say something, at most `max_targets`, as the network sees them."""
        rows = evenly(len(targets), self.config.max_targets)
        lessons = [known(self._original, targets[row], self.config.trusted_log_std) for row in rows]
        lessons = [lesson for lesson in lessons if lesson.weight.any()]
        if not lessons:
            raise BadInputError("there is nothing to adapt the network to: no image has a pixel of known depth")
        return of_own_scale(lessons) if self.config.keeps_scale else lessons

    def weights(self) -> dict[str, Any]:
        """A copy of the weights as they are now, for `restore`."""
        return {name: value.clone() for name, value in self.trainable.module.state_dict().items()}

    def restore(self, weights: dict[str, Any]) -> None:
        """Go back to earlier weights."""
        self.trainable.module.load_state_dict(weights)

    def estimator(self) -> ImageNetwork:
        """A new estimator that predicts with the weights as they are now, run as the original is."""
        return self.trainable.estimator()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the weights as they are now to FILE.safetensors or FILE.onnx, which `--depth` takes.

        Raises BadInputError and its children.
        """
        if Path(path).suffix not in SUFFIXES:
            raise BadInputError(f"{path}: an adapted network is saved as {' or '.join(SUFFIXES)}")
        self.trainable.save(Path(path))
