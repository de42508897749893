"""How many images of each scene are taken, for data sets of videos, where neighbouring images are nearly the same."""

from collections.abc import Hashable, Sequence

import numpy as np

OPTIONS = {"spaced": int, "even": int}
"""Options of such data sets: arguments of `per_scene`."""
MEASURED_ON = ("val", "test")
"""Splits that nothing is trained on."""


def per_scene(indices: Sequence[int], scenes: Sequence[Hashable], split: str, spaced: int | None = None,
              even: int | None = None) -> list[int]:
    """Indices of the images of a split, in time order, and the scene of every image -> indices that remain.

    `spaced`: at most so many of each scene, equally spaced (Laina 2016, section 4.2). `even`: so many of each scene,
    equally spaced, and repeated where there are fewer (Eigen 2014, section 4.1: "evening the scene distribution");
    images to measure on are not repeated.
    """
    if split in MEASURED_ON:
        even = None
    if spaced is None and even is None:
        return list(indices)
    members: dict[Hashable, list[int]] = {}
    for index in indices:
        members.setdefault(scenes[index], []).append(index)
    return [index for scene in members.values() for index in _taken(scene, spaced, even)]


def _taken(scene, spaced, even):
    if spaced is not None and spaced < len(scene):
        scene = [scene[k] for k in _equally_spaced(len(scene), spaced)]
    return scene if even is None else [scene[k] for k in _equally_spaced(len(scene), even)]


def _equally_spaced(count, wanted):
    """`wanted` numbers below `count`: the middles of as many equal parts."""
    return ((np.arange(wanted) + 0.5) * count / wanted).astype(int).tolist()
