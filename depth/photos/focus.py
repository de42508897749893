"""The distance that is sharp in a picture, given in metres or by a pixel."""

from dataclasses import dataclass

import numpy as np

from calib.base.errors import BadInputError

NEIGHBOURHOOD_PX = 2
"""Reach, to each side of a pixel, of the median that is its distance."""


@dataclass(frozen=True)
class Focus:
    """Sharp distance: either `distance_m` or `pixel` (x, y)."""

    distance_m: float | None = None
    pixel: tuple[int, int] | None = None

    @classmethod
    def parsed(cls, text: str) -> "Focus":
        """`2.5` (metres) or `320,240` (pixel) -> Focus. Raises BadInputError."""
        try:
            numbers = [float(part) for part in text.split(",")]
            if len(numbers) == 1 and 0.01 <= numbers[0] < float("inf"):
                return cls(distance_m=numbers[0])
            if len(numbers) == 2 and all(0 <= number < 1e6 for number in numbers):
                return cls(pixel=(round(numbers[0]), round(numbers[1])))
        except ValueError:
            pass
        raise BadInputError(f"--bokeh {text}: expected a distance in metres, as in 1.5, or a pixel x,y, as in 320,240")

    def distance(self, depth_m: np.ndarray, name: str) -> float:
        """(H, W) depth > 0 of the picture `name` -> metres. Raises BadInputError for a pixel outside."""
        if self.distance_m is not None:
            return self.distance_m
        assert self.pixel is not None, "a Focus has a distance or a pixel"
        (x, y), (height, width) = self.pixel, depth_m.shape
        if x >= width or y >= height:
            raise BadInputError(f"--bokeh {x},{y} lies outside {name}, which has {width}x{height} pixels")
        around = (slice(max(0, centre - NEIGHBOURHOOD_PX), centre + NEIGHBOURHOOD_PX + 1) for centre in (y, x))
        return float(np.median(depth_m[tuple(around)]))
