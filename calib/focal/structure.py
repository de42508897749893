"""Cameras and points from tracks, keyframe by keyframe, for a focal length that is about right."""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from calib.focal.bundle import FocalBundle, Observations, Scene, Settings
from calib.focal.lens import LENS

WINDOW = 8
"""Keyframes that are adjusted when another has been added."""
ALL_EVERY = 8
"""Keyframes between adjustments of everything, the focal length included."""


def grow(seen: Observations, focal: float, prior: Settings) -> Scene:
    """Observations, focal length in longer sides, Settings of the lens's prior -> Scene.

    Each keyframe starts where the one before it stood, turned as the points seen by both suggest; points start at the
    median distance of those known. Small steps make this enough (Ha 2016), and no pair of images must bear the start.
    """
    keys, points = seen.key[-1] + 1, seen.point.max() + 1
    lens = np.zeros(len(LENS))
    lens[0] = np.log(focal)
    scene = Scene(np.tile(np.eye(3), (keys, 1, 1)), np.zeros((keys, 3)), np.tile([0.0, 0, 0, 1], (points, 1)), lens)
    known = np.zeros(points, bool)
    quick = Settings(sigma=3 * prior.sigma, steps=8, good_enough=1e-2)
    everything = replace(prior, free_lens=("log_focal", "readout"), sigma=2 * prior.sigma, steps=10, good_enough=1e-2)
    for key in range(keys):
        if key:
            _start_camera(scene, seen, key)
        _start_points(scene, seen, key, known)
        if key:
            first = max(0, key + 1 - WINDOW)
            scene = _adjusted(scene, seen, first, key, replace(quick, fixed_keys=2 if first else 1))
        if key == keys - 1 or (key and key % ALL_EVERY == 0):
            scene = _adjusted(scene, seen, 0, key, everything)
    return scene


def _rays(seen, chosen, lens):
    return np.insert(seen.uv[chosen] / np.exp(lens[0]), 2, 1.0, axis=1)


def _start_camera(scene, seen, key):
    """Set R and t of a keyframe from those of the one before."""
    here, before = np.flatnonzero(seen.key == key), np.flatnonzero(seen.key == key - 1)
    _, i, j = np.intersect1d(seen.point[here], seen.point[before], return_indices=True)
    turn = np.eye(3)
    if len(i) >= 2:
        rays = _rays(seen, here[i], scene.lens), _rays(seen, before[j], scene.lens)
        turn = Rotation.align_vectors(*rays)[0].as_matrix()
    scene.R[key], scene.t[key] = turn @ scene.R[key - 1], turn @ scene.t[key - 1]


def _start_points(scene, seen, key, known):
    """Set those points that this keyframe is the first to see; mark them as known."""
    here = seen.key == key
    old, new = seen.point[here & known[seen.point]], here & ~known[seen.point]
    inverse_depth = 1.0
    if len(old):
        depth = scene.X[old, :3] @ scene.R[key, 2] + scene.t[key, 2] * scene.X[old, 3]
        inverse_depth = np.median(scene.X[old, 3] / depth)
    points = (_rays(seen, new, scene.lens) - inverse_depth * scene.t[key]) @ scene.R[key]
    points = np.insert(points, 3, inverse_depth, axis=1)
    scene.X[seen.point[new]] = points / np.linalg.norm(points, axis=1, keepdims=True)
    known[seen.point[new]] = True


def _adjusted(scene, seen, first, last, settings):
    """The scene with the keyframes `first` to `last` and what they see adjusted."""
    part = seen.select((seen.key >= first) & (seen.key <= last))
    points, index = np.unique(part.point, return_inverse=True)
    window = slice(first, last + 1)
    small = Scene(scene.R[window], scene.t[window], scene.X[points], scene.lens)
    small = FocalBundle(small, part._replace(key=part.key - first, point=index), settings).run().scene
    R, t, X = scene.R.copy(), scene.t.copy(), scene.X.copy()
    R[window], t[window], X[points] = small.R, small.t, small.X
    return Scene(R, t, X, small.lens)
