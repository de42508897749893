"""Sources of light: windows, lamps, the sun."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sequences.synthetic.rendering.lighting import LAMP, SUN, WINDOW

Vector = Sequence[float] | np.ndarray
"""Three numbers."""


@dataclass(frozen=True)
class Light:
    """One source; `row` holds kind, place (3), first edge (3), second edge (3), colour (3)."""

    row: tuple[float, ...]

    @staticmethod
    def window(corner: Vector, across: Vector, up: Vector, colour: Vector) -> "Light":
        """A parallelogram that shines towards `across` x `up` with radiance `colour` (3,)."""
        return Light((WINDOW, *corner, *across, *up, *colour))

    @staticmethod
    def lamp(centre: Vector, radius_m: float, colour: Vector) -> "Light":
        """A ball of intensity `colour` (3,), as wide as its shade, which must lie inside and casts no shadow."""
        return Light((LAMP, *centre, radius_m, 0, 0, 0, 0, 0, *colour))

    @staticmethod
    def sun(towards: Vector, colour: Vector) -> "Light":
        """Parallel light from the unit vector `towards`, let in where a ray meets glowing glass first."""
        return Light((SUN, 0, 0, 0, *towards, 0, 0, 0, *colour))

    def moved(self, T: np.ndarray) -> "Light":
        """The same light mapped by the (4, 4) rigid transform T."""
        row = np.array(self.row)
        row[1:4] = T[:3, :3] @ row[1:4] + T[:3, 3]
        if self.row[0] != LAMP:
            row[4:7], row[7:10] = T[:3, :3] @ row[4:7], T[:3, :3] @ row[7:10]
        return Light(tuple(row))
