"""What hides a part of the view in staged recordings: the robot's own body, and a person who walks along."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from sequences.synthetic.materials import cloth_textures, matter_textures

BODY_DEPTH_M = 0.35
PERSON_DEPTH_M = 1.1
STEPS_PER_S = 1.7
SWAY_S = 4.5
"""Seconds in which the person walks from one side of the view to the other and back."""


class Cutout(NamedTuple):
    """What is pasted over an image."""

    rgb: np.ndarray
    """(H, W, 3) uint8."""
    is_there: np.ndarray
    """(H, W) bool: where it hides the image."""
    depth_m: float


def body(size: tuple[int, int], seed: int = 0) -> Callable[[float], Cutout]:
    """The deck of a robot in the lower third of images of (height, width), the same in each -> function of time"""
    height, width = size
    rng = np.random.default_rng([seed, 21])
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(0, 1, height))
    outline = 0.66 + 0.05 * x**2 + 0.03 * (np.abs(x) > 0.55) - 0.06 * (np.abs(x - 0.25) < 0.12)
    rgb = _cloth(matter_textures.metal(rng, (0.5, 0.52, 0.56)).image, size, 1.5)
    for row in range(3):  # a plate with holes, screws and labels
        for column in range(24):
            centre = int((column + 0.5 * (row % 2)) * width / 23), int((0.76 + 0.08 * row) * height)
            cv2.circle(rgb, centre, int(0.012 * width), (30, 30, 34), -1, cv2.LINE_AA)
    for _ in range(5):
        corner = np.array([rng.uniform(0, 0.8) * width, rng.uniform(0.72, 0.9) * height]).astype(int)
        colour = tuple(int(c) for c in rng.integers(90, 240, 3))
        cv2.rectangle(rgb, corner.tolist(), (corner + (int(0.13 * width), int(0.06 * height))).tolist(), colour, -1)
        cv2.putText(rgb, f"R-{rng.integers(100, 999)}", (corner + (4, int(0.045 * height))).tolist(),
                    cv2.FONT_HERSHEY_SIMPLEX, width / 900, (20, 20, 20), 2, cv2.LINE_AA)
    points = np.stack([np.linspace(0, width, 60), (0.72 + 0.05 * np.sin(np.linspace(0, 9, 60))) * height], -1)
    cv2.polylines(rgb, [points.astype(np.int32)], False, (200, 40, 30), int(0.012 * width), cv2.LINE_AA)
    cutout = Cutout(rgb, y > outline, BODY_DEPTH_M)
    return lambda time_s: cutout


def person(size: tuple[int, int], seed: int = 0) -> Callable[[float], Cutout]:
    """Somebody who walks and sways in front of the camera over about a third of images of (height, width) -> function
    of time"""
    rng = np.random.default_rng([seed, 22])
    shirt = _cloth(cloth_textures.plaid(rng, (0.5, 0.25, 0.2)).image, size, 0.8)
    trousers = _cloth(cloth_textures.weave(rng, (0.2, 0.25, 0.4)).image, size, 1.2)
    phase = rng.uniform(0, 2 * np.pi)
    return lambda time_s: _walking(size, time_s, phase, shirt, trousers)


def _walking(size, time_s, phase, shirt, trousers):
    """The person at one time: body, arms that swing, head; clothes move along."""
    height, width = size
    step = np.pi * STEPS_PER_S * time_s
    x = width * (0.5 + 0.2 * np.sin(2 * np.pi * time_s / SWAY_S + phase))
    y = height * (0.16 + 0.015 * np.sin(2 * step))
    lean = 0.05 * np.sin(step)
    unit = height / 6.6  # about the width of the head
    rgb, is_there = np.zeros((*size, 3), np.uint8), np.zeros(size, np.uint8)
    place = np.array([[1, lean, x - width / 2], [0, 1, y]], np.float32)
    for cloth, first, last, half in ((trousers, 4.6, 8.5, 1.25), (shirt, 1.2, 5.0, 1.45)):
        _part(rgb, is_there, cloth, place, _trapeze(x + lean * first * unit, y, unit, first, last, half))
    for side in (-1, 1):
        swing = side * np.sin(step) * 0.5
        shoulder = np.array([x + side * 1.35 * unit, y + 1.7 * unit])
        hand = shoulder + unit * np.array([side * 0.5 + swing, 3.2])
        _part(rgb, is_there, shirt, place, _limb(shoulder, hand, 0.42 * unit))
        cv2.circle(is_there, _pixel(hand), int(0.4 * unit), 1, -1)
        cv2.circle(rgb, _pixel(hand), int(0.4 * unit), (214, 168, 140), -1, cv2.LINE_AA)
    head = np.array([x, y + 0.55 * unit])
    for centre, axes, colour in ((head, (0.62, 0.8), (70, 45, 30)), (head + (0, 0.22 * unit), (0.52, 0.62),
                                                                      (220, 176, 150))):
        axes = int(axes[0] * unit), int(axes[1] * unit)
        cv2.ellipse(is_there, _pixel(centre), axes, 0, 0, 360, 1, -1)
        cv2.ellipse(rgb, _pixel(centre), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
    return Cutout(rgb, is_there > 0, PERSON_DEPTH_M)


def _part(rgb, is_there, cloth, place, outline):
    """Paint a polygon with cloth that moves by the affine map `place`."""
    shape = np.zeros(is_there.shape, np.uint8)
    cv2.fillPoly(shape, [np.rint(outline).astype(np.int32)], 1)
    moved = cv2.warpAffine(cloth, place, cloth.shape[1::-1], borderMode=cv2.BORDER_WRAP)
    rgb[shape > 0] = moved[shape > 0]
    is_there |= shape


def _trapeze(x, y, unit, first, last, half):
    return np.array([(x - half * unit, y + first * unit), (x + half * unit, y + first * unit),
                     (x + 1.1 * half * unit, y + last * unit), (x - 1.1 * half * unit, y + last * unit)])


def _limb(start, stop, half):
    across = np.array([start[1] - stop[1], stop[0] - start[0]])
    across *= half / np.linalg.norm(across)
    return np.array([start - across, start + across, stop + across, stop - across])


def _pixel(point):
    return tuple(round(float(value)) for value in point)


def _cloth(texture, size, tiles):
    """A texture of linear reflectance as a picture of (height, width), `tiles` repetitions high."""
    height, width = size
    side = max(8, int(height / tiles))
    tile = cv2.resize(texture, (side, side), interpolation=cv2.INTER_AREA)
    shown = np.clip(255 * np.sqrt(tile), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.tile(shown, (-(-height // side), -(-width // side), 1))[:height, :width])
