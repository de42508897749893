"""Errors of depth maps, and of the standard deviations that were predicted for them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from slam.robust import robust_std

DELTA1 = 1.25
PARTS = 10
"""Of the table of variance."""


class ComparedDepth(NamedTuple):
    """Pixels of one keyframe whose depth is both estimated and measured."""

    log_error: np.ndarray
    """(N,) log of estimated over measured depth."""
    log_std: np.ndarray
    """(N,) its predicted standard deviation; NaN where none was predicted."""


def depth_errors(keyframes: Sequence[ComparedDepth]) -> dict[str, float]:
    """-> {scale, absrel, delta1, absrel_per_image, delta1_per_image, keyframes}; scale: what estimated depth has to be
    multiplied by."""
    error, each = np.concatenate([one.log_error for one in keyframes]), [one.log_error for one in keyframes]
    together, apart = absrel_delta1(error), np.mean([absrel_delta1(one) for one in each], axis=0)
    values = {"scale": np.exp(-np.median(error)), "absrel": together[0], "delta1": together[1],
              "absrel_per_image": apart[0], "delta1_per_image": apart[1]}
    return {name: round(float(value), 4) for name, value in values.items()} | {"keyframes": len(keyframes)}


def absrel_delta1(log_error: np.ndarray) -> tuple[float, float]:
    """Of pixels (N,) after one scale for all."""
    log_error = log_error - np.median(log_error)
    return float(np.abs(np.exp(log_error) - 1).mean()), float((np.abs(log_error) < np.log(DELTA1)).mean())


def variance_table(keyframes: Sequence[ComparedDepth]) -> list[dict[str, float]]:
    """For each tenth of the pixels by predicted standard deviation: {predicted, robust, rms}, and robust_per_image;
    empty where none was predicted."""
    log_std = np.concatenate([one.log_std for one in keyframes])
    if np.isnan(log_std).any():
        return []
    error = np.concatenate([one.log_error for one in keyframes])
    error -= np.median(error)
    apart = np.concatenate([one.log_error - np.median(one.log_error) for one in keyframes])
    return [{name: round(float(value), 4) for name, value in (
                ("predicted", np.sqrt(np.mean(log_std[part] ** 2))), ("robust", robust_std(error[part])),
                ("rms", np.sqrt(np.mean(error[part] ** 2))), ("robust_per_image", robust_std(apart[part])))}
            for part in np.array_split(np.argsort(log_std, kind="stable"), PARTS)]
