"""A box outside of which the mesh is not shown."""

from collections.abc import Callable
from typing import Any

import numpy as np

from monofuse.interface.viewer.shapes import add_lines
from monofuse.interface.viewer.surfaces import Shape

COLOUR = (255, 160, 60)
STEPS = 200
AXES = "width", "height", "depth"
"""Names of x, y and z for people: the room stands upright and is seen from the front."""
CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
EDGES = [(a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(CORNERS[a] - CORNERS[b]).sum() == 1]


class Clipping:
    """Sliders for the faces of the box; `changed` gets the part of the mesh within."""

    def __init__(self, scene: Any, gui: Any, shape: Shape, changed: Callable[[Shape], None]):
        self.scene, self.shape, self.changed = scene, shape, changed
        self.low, self.high = shape.vertices.min(0).astype(float), shape.vertices.max(0).astype(float)
        with gui.add_folder("clipping box", expand_by_default=False):
            self.sliders = [self._add_slider(gui, axis) for axis in range(3)]
            gui.add_button("all of it").on_click(lambda _: self.reset())

    @property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """Its lowest and highest corner, (3,) each."""
        values = np.array([slider.value for slider in self.sliders], float)
        return values[:, 0], values[:, 1]

    def reset(self) -> None:
        """Show the whole mesh again."""
        for slider, low, high in zip(self.sliders, self.low, self.high):
            slider.value = (float(low), float(high))
        self.update()

    def update(self) -> None:
        """Cut the mesh as the sliders stand."""
        low, high = self.box
        is_kept = self.shape.within(low - 1e-6, high + 1e-6)
        is_whole = bool(is_kept.all())
        corners = low + CORNERS * (high - low)
        add_lines(self.scene, "/box", np.zeros((0, 2, 3)) if is_whole else corners[EDGES], COLOUR)
        self.changed(self.shape if is_whole else self.shape.part(is_kept))

    def _add_slider(self, gui: Any, axis: int) -> Any:
        low, high = float(self.low[axis]), float(max(self.high[axis], self.low[axis] + 1e-3))
        slider = gui.add_multi_slider(f"{AXES[axis]}, m", low, high, (high - low) / STEPS, (low, high))
        slider.on_update(lambda event: self.update() if event.client is not None else None)
        return slider
