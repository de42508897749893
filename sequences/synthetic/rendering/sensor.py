"""From linear radiance to the bytes of a camera: exposure, sensor noise, tone curve."""

import numpy as np

from sequences.synthetic.rendering.compile import kernel

TOP = 2.0
"""Radiance at which the sensor is full."""
STEPS = 8192
KNEE = 0.75
"""Radiance above which the tone curve bends towards white instead of clipping."""
MID_GREY = 0.214
"""Radiance that is shown as 0.5."""
READ_SHARE = 0.1
"""Part of the noise variance at mid grey that does not depend on light."""


def tone(radiance: np.ndarray | float) -> np.ndarray:
    """Linear radiance -> display value in [0, 1]: the sRGB curve with a soft shoulder."""
    span = 1 - KNEE
    x = np.where(radiance > KNEE, KNEE + span * np.tanh((radiance - KNEE) / span / 2), radiance)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)


_BYTES = (tone((np.arange(STEPS) + 0.5) * (TOP / STEPS)) * 255 + 0.5).clip(0, 255).astype(np.uint8)


def developed(radiance: np.ndarray) -> np.ndarray:
    """Radiance (H, W, 3) float32 -> (H, W, 3) uint8."""
    rgb = np.empty(radiance.shape, np.uint8)
    _look_up(_BYTES, radiance.ravel(), rgb.ravel())
    return rgb


@kernel
def _look_up(table, values, out):
    for i in range(len(values)):
        out[i] = table[min(max(int(values[i] * np.float32(STEPS / TOP)), 0), STEPS - 1)]


def with_noise(radiance: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Add shot and read noise that after the tone curve has `deviation` (grey levels, 0 to 1) where that shows 0.5."""
    slope = (tone(MID_GREY * 1.01) - tone(MID_GREY * 0.99)) / (0.02 * MID_GREY)
    variance = READ_SHARE + (1 - READ_SHARE) / MID_GREY * radiance
    noise = rng.standard_normal(radiance.shape, dtype=np.float32)
    return radiance + noise * np.sqrt(variance, dtype=np.float32) * np.float32(deviation / slope)


def exposure_gains(count: int, rate_hz: float, strength_ev: float, rng: np.random.Generator) -> np.ndarray:
    """Factor on radiance for each frame (count,): slow waves of up to `strength_ev` stops, and jumps as large.

    A jump is what automatic exposure does: a new level every few seconds, reached within about four frames.
    """
    time_s = np.arange(count) / rate_hz
    waves = sum(np.sin(2 * np.pi * time_s / period + rng.uniform(0, 2 * np.pi)) for period in (7.3, 11.7, 3.9)) / 3
    level, levels, until = 0.0, np.empty(count), 0.0
    target = 0.0
    for k in range(count):
        if time_s[k] >= until:
            target, until = rng.uniform(-1, 1), time_s[k] + rng.uniform(2, 6)
        level = target if k == 0 else level + 0.5 * (target - level)
        levels[k] = level
    return 2.0 ** (strength_ev * (waves + levels))
