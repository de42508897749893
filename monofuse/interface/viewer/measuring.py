"""The distance between two clicks."""

from collections.abc import Callable
from typing import Any

import numpy as np

from monofuse.interface.viewer.result import Result
from monofuse.interface.viewer.shapes import add_lines
from monofuse.results.length import length_in_words

COLOUR = (255, 220, 40)


class Measuring:
    """While it is on, every click sets a point, and every second one ends a length."""

    def __init__(self, scene: Any, gui: Any, result: Result,
                 hit: Callable[[np.ndarray, np.ndarray], np.ndarray | None]):
        """hit: ray from a point along a direction -> the point that it meets; all of them upright."""
        self.scene, self.result, self.hit = scene, result, hit
        self.points: list[np.ndarray] = []
        self.is_on = gui.add_checkbox("measure: click on two points", False)
        self.text = gui.add_markdown("")
        self.is_on.on_update(lambda _: self._switch())

    def click(self, event: Any) -> None:
        """Take a click of the browser."""
        point = self.hit(np.array(event.ray_origin), np.array(event.ray_direction))
        if point is None:
            self.text.content = "nothing there: click on a surface"
            return
        self.points = [*self.points, point] if len(self.points) == 1 else [point]
        self.show()

    def show(self) -> None:
        """Points, line and length as they are now."""
        self._remove()
        for number, point in enumerate(self.points):
            self.scene.add_icosphere(f"/measure/{number}", 0.012, COLOUR, position=point)
        words = [f"`{point_in_words(self.result, point)}`" for point in self.points]
        if len(self.points) == 2:
            length_m = float(np.linalg.norm(self.points[1] - self.points[0]))
            said = length_in_words(self.result.report, length_m)
            add_lines(self.scene, "/measure/line", np.array([self.points]), COLOUR, thickness_px=3.0)
            self.scene.add_label("/measure/length", said.partition(",")[0], position=np.mean(self.points, axis=0))
            words.append(f"**{said}**")
        self.text.content = "\n\n".join(words)

    def _switch(self) -> None:
        self.points = []
        self._remove()
        self.text.content = "click on the first point" if self.is_on.value else ""
        if self.is_on.value:
            self.scene.on_click()(self.click)
        else:
            self.scene.remove_click_callback()

    def _remove(self) -> None:
        for name in ("0", "1", "line", "length"):
            if handle := self.scene.get_handle_by_name(f"/measure/{name}"):
                handle.remove()


def point_in_words(result: Result, point: np.ndarray) -> str:
    """A point (3,), upright, as `monofuse measure` takes it: in the axes of the trajectory."""
    return ",".join(f"{value:.3f}" for value in point @ result.R_upright_world)
