"""Changes of colour and light, each a function of an image (h, w, 3) float32 in [0, 1] and its strength.

A strength that changes nothing costs nothing.
"""

import cv2
import numpy as np

GREY_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
"""Shares of red, green and blue in luma (ITU-R BT.601)."""


def with_gain(image: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Each channel times its own factor, (3,). Eigen 2014, section 3.4."""
    return image if np.all(gain == 1) else image * np.float32(gain)


def with_brightness(image: np.ndarray, added: float) -> np.ndarray:
    """The same number added to all values. Hao 2018, section 4.1."""
    return image if added == 0 else image + np.float32(added)


def with_contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """Differences from each channel's mean times a factor. Hao 2018, section 4.1."""
    if factor == 1:
        return image
    mean = image.mean((0, 1), keepdims=True)
    return (image - mean) * np.float32(factor) + mean


def with_saturation(image: np.ndarray, factor: float) -> np.ndarray:
    """Differences from grey times a factor; 0 leaves grey."""
    if factor == 1:
        return image
    grey = (image @ GREY_WEIGHTS)[..., None]
    return (image - grey) * np.float32(factor) + grey


def with_hue(image: np.ndarray, turn_rad: float) -> np.ndarray:
    """Colours turned about the grey axis (Rodrigues about (1, 1, 1))."""
    if turn_rad == 0:
        return image
    across = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    turn = np.cos(turn_rad) * np.eye(3) + np.sin(turn_rad) * across + (1 - np.cos(turn_rad)) / 3
    return image @ turn.T.astype(np.float32)


def with_gamma(image: np.ndarray, power: float) -> np.ndarray:
    """Values in [0, 1] to a power."""
    return image if power == 1 else np.clip(image, 0, 1) ** np.float32(power)


def with_blur(image: np.ndarray, sigma_px: float) -> np.ndarray:
    """Gaussian blur of this standard deviation."""
    if sigma_px == 0:
        return image
    return cv2.GaussianBlur(image, (0, 0), float(sigma_px), borderType=cv2.BORDER_REFLECT)


def with_noise(image: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Independent Gaussian noise of this standard deviation, drawn from a numpy Generator."""
    if deviation == 0:
        return image
    return image + rng.standard_normal(image.shape, np.float32) * np.float32(deviation)
