"""One row of the table of the papers' networks: trained, measured, timed."""

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.papers_rows import AUGMENT_ON, IMAGENET, METRICS, RECIPE_OF, SIZE_ON, Row
from calib.geometry.camera import Camera
from depth.commands.train import stopping_on_signals
from depth.estimator import DepthPrediction
from depth.evaluation.evaluate import Evaluation, evaluated, predicted_at_ground_truth
from depth.evaluation.protocol import protocol_named
from depth.networks.registry import Network
from depth.runtimes.torch_runtime import open_weights
from depth.training import checkpoint_file
from depth.training.config import TrainingConfig
from depth.training.processes import join
from depth.training.recipes import recipe
from depth.training.trainer import Trainer
from depth.training.training_folder import TrainingFolder
from depth.training.validation import LenientDepth

LEARNING: dict[str, Any] = dict(optimiser="adamw", lr=1e-3, weight_decay=0.01, clip=1.0, schedule="one_cycle")
"""How every network learns: the papers' rates and schedules are made for a hundred to a thousand times the steps."""
CHECKPOINT_EVERY = 50
"""Steps."""
TIMED_COUNT = 9
"""Forward passes that are timed, after one that does not count."""


@dataclass(frozen=True)
class Budget:
    """What every network gets."""

    data: str
    steps: int
    batch: int
    size: tuple[int, int] | None
    """(height, width) of the input of networks that take any; None: the paper's."""
    precision: str
    seed: int
    device: str
    """cpu or cuda."""
    imagenet: str | None
    """File of weights for the encoder of `mobile`."""
    other_data: Mapping[str, str]
    """{one of OTHER_DATA: where it lies}, for rows that need it."""

    def data_of(self, row: Row) -> str:
        """What a row learns from."""
        return self.other_data[row.data] if row.data else self.data


def device_for(wanted: str) -> str:
    """auto, cpu or cuda -> cpu or cuda. Raises BadInputError where there is no GPU."""
    return join(wanted).device.type


def precision_for(device: str) -> str:
    """bf16 where the CPU multiplies it twice as fast as float32, otherwise what training does by itself."""
    fast = torch.cpu.get_capabilities()
    return "bf16" if device == "cpu" and (fast.get("avx512_bf16") or fast.get("amx_bf16")) else "auto"


def training_size(row: Row, budget: Budget) -> tuple[int, int]:
    """(height, width) of the images that a row's network learns from."""
    entry = entry_of(row)
    if budget.size is None or entry.side_multiple is None:
        return entry.input_size
    return SIZE_ON.get(row.data, budget.size)


def entry_of(row: Row) -> Network:
    """What the registry knows of the network of a row that has one."""
    assert row.entry is not None
    return row.entry


def config_of(row: Row, budget: Budget, split: Path, start: str | Path | None) -> TrainingConfig:
    """`split`: file of the names of training images; `start`: file of weights or None -> TrainingConfig"""
    augment = AUGMENT_ON.get(row.data) or recipe(RECIPE_OF[entry_of(row).paper])["augment"]
    return TrainingConfig(
        network=row.network, data=(budget.data_of(row),), split=str(split), loss=row.loss,
        size=training_size(row, budget), augment=augment, init=start and str(start), steps=budget.steps,
        batch=budget.batch, precision=budget.precision, seed=budget.seed,
        checkpoint_every=CHECKPOINT_EVERY, workers=max(1, (os.cpu_count() or 1) // 2), **LEARNING)


def trained(config: TrainingConfig, folder: Path, device: str, listener: Any) -> Path:
    """Train, or go on where it stopped -> file of weights. Raises KeyboardInterrupt once what there is is saved."""
    goes_on = (Path(folder) / checkpoint_file.NAME).exists()
    trainer = Trainer(config, TrainingFolder(folder), join(device), listener, resume=goes_on)
    with stopping_on_signals(trainer):
        ended = trainer.train()
    if ended != "complete":
        raise KeyboardInterrupt
    return Path(folder) / f"{config.network}.safetensors"


def start_of(row: Row, budget: Budget, weights_of: Callable[[str], Path]) -> str | Path | None:
    """File of weights that a row starts from, or None. `weights_of`: name of a row -> what its training leaves."""
    if row.start == IMAGENET:
        return budget.imagenet
    return weights_of(row.start) if row.start else None


def opened(weights: Path, device: str) -> LenientDepth:
    """File of weights -> estimator, also where a network has learned nothing that is a depth."""
    estimator = open_weights(weights, device=device)
    return LenientDepth(estimator.module, estimator.spec, estimator.name)


class MeanDepth:
    """The mean depth of images at each pixel. Eigen 2014, section 4.3: "the mean depth image computed across the
    training set"."""

    name = "mean"

    def __init__(self, dataset: Any) -> None:
        total = count = np.zeros(1)
        for index in range(len(dataset)):
            depth_m = dataset[index].depth_m
            total, count = total + depth_m, count + (depth_m > 0)
        self.depth_m = (total / np.maximum(count, 1)).astype(np.float32)

    def predict(self, rgb: np.ndarray, camera: Camera) -> DepthPrediction:
        """See depth.estimator.DepthEstimator."""
        return DepthPrediction(self.depth_m, None, 0.0)


def measured(estimator: Any, dataset: Any) -> dict[str, Any]:
    """-> {"per_pixel": {metric: value}, "per_image": {metric: value}, "images": count}"""
    evaluation = Evaluation()
    for _ in evaluated(estimator, dataset, protocol_named(dataset.protocol), range(len(dataset)), evaluation):
        pass
    values = {f"per_{per}": evaluation.summary(per) for per in ("pixel", "image")}
    return {**{per: {name: summary[name] for name in METRICS} for per, summary in values.items()},
            "images": len(evaluation.images)}


def drawn(estimator: Any, samples: Sequence[Any]) -> np.ndarray:
    """Samples -> their predicted depth (n, h, w) in metres, for the picture."""
    return np.stack([predicted_at_ground_truth(estimator, sample).depth_m for sample in samples])


def multiplications(entry: Network, size: tuple[int, int]) -> int:
    """Multiplications, each with its addition, for one image of (height, width); nothing is computed."""
    with torch.device("meta"), torch.inference_mode(), FlopCounterMode(display=False) as counter:
        entry.build().eval()(torch.rand(1, 3, *size))
    return counter.get_total_flops() // 2


def median_ms(entry: Network) -> float:
    """Milliseconds of one forward pass on the CPU at the paper's own size, in float32."""
    module = entry.build().eval()
    image = torch.rand(1, 3, *entry.input_size)
    with torch.inference_mode():
        times = [_timed(module, image) for _ in range(TIMED_COUNT + 1)]
    return statistics.median(times[1:])


def _timed(module, image):
    start = time.perf_counter()
    module(image)
    return 1e3 * (time.perf_counter() - start)
