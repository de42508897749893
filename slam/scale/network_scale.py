"""Scale of a map by its network, and how far that may be off.

A network that misjudges a whole scene agrees with itself, so the spread among keyframes says little, and the error that
it predicts is the same everywhere. What tells is whether its depth has the shape that the camera's motion shows, and
whether it takes the scene for closer than what it was trained on:

    std^2 = base^2 + (disagreement (1 - agreement))^2 + (nearness max(0, log(near_m / median depth)))^2

of the log scale. The three factors are rounded up from a fit to 14 recordings and sets of pictures, of an office, a
kitchen, a cabinet, desks, tables, bins and shelves from 0.3 to 4 m (true factors 0.26 to 2.1), and to pictures of rooms
like those that the network was trained on. 71 % of the former lie within one standard deviation and all within two; of
the latter 91 % and all. Slope, field of view, spread among keyframes and the network's own expected error (which is
alike on all of them) predicted nothing more when a recording was left out of the fit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class NetworkScaleConfig:
    """Settings of network_scale."""

    min_votes: int = 4
    """Keyframes with a log scale that their median needs."""
    base: float = 0.1
    """Standard deviation of the log scale where the network's depth has the right shape."""
    disagreement: float = 1.0
    """Standard deviation where its depth has nothing in common with the refined one."""
    nearness: float = 0.9
    """Standard deviation where it takes the scene for e times as close as near_m."""
    near_m: float = 2.0
    """Median depth below which it has seen few images. Of NYU's half are beyond 2.4 m."""
    unknown_agreement: float = 0.5
    """Agreement of a keyframe whose depth could not be refined, so that it says nothing of the network's."""
    doubtful_log_std: float = 0.35
    """Standard deviation of the log scale beyond which the metres are called doubtful."""


class Vote(NamedTuple):
    """What one keyframe says of the scale of its map."""

    log_ratio: float
    """Log of the factor from the network's depth to the map's."""
    median_depth_m: float
    """By the network."""
    agreement: float | None
    """Of the shape of the network's depth with the refined one, see NetworkResponse; None where that could not be
    refined."""


class NetworkScale(NamedTuple):
    """A network's scale of a map."""

    growth: float
    """The factor by which the map has to grow."""
    log_std: float
    """Standard deviation of its log."""
    weakness: str
    """Why it is no better known, as half a sentence."""


def network_scale(votes: Sequence[Vote], config: NetworkScaleConfig) -> NetworkScale:
    """The votes of a map's keyframes -> NetworkScale: their median. Too few leave the map as large as it is."""
    if len(votes) < config.min_votes:
        return NetworkScale(1.0, math.hypot(config.base, config.disagreement * (1 - config.unknown_agreement)),
                            "too few keyframes show whether the network is right")
    agreements = [config.unknown_agreement if vote.agreement is None else vote.agreement for vote in votes]
    median_depth_m = float(np.median([vote.median_depth_m for vote in votes]))
    terms = {"the network knows little of scenes like this": config.base,
             "the network's depth has another shape than the camera's motion shows":
                 config.disagreement * (1 - float(np.clip(np.median(agreements), 0, 1))),
             "the network knows little of scenes this close":
                 config.nearness * max(0.0, math.log(config.near_m / median_depth_m))}
    growth = math.exp(-np.median([vote.log_ratio for vote in votes]))
    return NetworkScale(growth, math.hypot(*terms.values()), max(terms, key=lambda reason: terms[reason]))
