"""A finished result in the browser: what is there, and the panel beside it."""

import threading
from pathlib import Path
from typing import Any

import numpy as np

from calib.files.image_file import encode_png
from monofuse.interface.viewer.clipping import Clipping
from monofuse.interface.viewer.measuring import Measuring
from monofuse.interface.viewer.panel import BLANK
from monofuse.interface.viewer.picking import hit_points, hit_surface
from monofuse.interface.viewer.result import Result
from monofuse.interface.viewer.scenery import (
    CAMERA_COLOUR,
    add_camera,
    add_keyframes,
    add_mesh,
    add_points,
    add_trajectory,
    add_world,
    first_eye,
    rgb_of,
)
from monofuse.interface.viewer.shapes import place
from monofuse.interface.viewer.surfaces import Shape
from monofuse.interface.viewer.words import numbers

MAX_KEYFRAMES = 400
REPORTED = {"tracked": "frames tracked", "keyframes": "keyframes", "loops": "loops closed", "scale_from": "scale from"}
"""Keys of the report that are told, and how."""
SCREENSHOT_PATIENCE_S = 20.0


class ResultView:
    """The scene and the panel of one result on a server."""

    def __init__(self, server: Any, result: Result, state: str):
        """state: the first line of the panel."""
        self.server, self.result = server, result
        self.visible_shape = result.shape
        self.closed = threading.Event()
        """Set by the button that ends the program."""
        with server.atomic():
            self._add_scene(server.scene)
            self._add_panel(server.gui, state)
        eye, target = first_eye(result)
        server.initial_camera.position, server.initial_camera.look_at = eye, target

    def put_clients_in_place(self) -> None:
        """Let browsers that are there already look where new ones do."""
        eye, target = first_eye(self.result)
        for client in self.server.get_clients().values():
            client.camera.up_direction = (0.0, 1.0, 0.0)
            client.camera.position, client.camera.look_at = eye, target

    def show_time(self, row: int) -> None:
        """Put the camera where it was at a row of the trajectory, with the picture that is nearest in time."""
        result = self.result
        place(self.camera, result.T_world_cam[row])
        self.time.content = f"{result.times_s[row] - result.times_s[0]:.2f} s, pose {row + 1} of {len(result.times_s)}"
        if result.pictures:
            number = int(np.argmin([abs(picture.time_s - result.times_s[row]) for picture in result.pictures]))
            if number != self.shown_picture:
                self.shown_picture = number
                self.picture.image = self.camera.image = rgb_of(result, number)
        if self.ride.value:
            self._look_through(row)

    def hit(self, origin: np.ndarray, direction: np.ndarray) -> np.ndarray | None:
        """What a click hits of what is shown, upright."""
        if self.mesh is not None and self.mesh.visible and self.visible_shape is not None:
            return hit_surface(origin, direction, self.visible_shape.vertices, self.visible_shape.triangles)
        if self.result.points is None:
            return None
        R = self.result.R_upright_world
        point = hit_points(origin @ R, direction @ R, self.result.points.positions)
        return None if point is None else R @ point

    def _add_scene(self, scene: Any) -> None:
        result = self.result
        add_world(scene, result)
        self.mesh = add_mesh(scene, result.shape) if result.shape is not None else None
        points = result.points if result.points is not None and len(result.points.positions) else None
        self.surfels = add_points(scene, points, result.shape is None) if points else None
        add_trajectory(scene, result)
        self.keyframes = add_keyframes(scene, result, MAX_KEYFRAMES)

    def _add_panel(self, gui: Any, state: str) -> None:
        result = self.result
        gui.add_markdown(f"**{state}**: {result.name}")
        gui.add_markdown(numbers({REPORTED[key]: str(result.report[key]) for key in REPORTED if key in result.report}
                                 | ({"triangles": f"{len(result.shape.triangles):,}"} if result.shape else {})))
        self._add_choices(gui)
        if len(result.times_s) > 1:
            self._add_time(gui)
        self.measuring = Measuring(self.server.scene, gui, result, self.hit)
        if result.shape is not None and result.shape.is_ours and len(result.shape.triangles):
            self.clipping = Clipping(self.server.scene, gui, result.shape, self._clipped)
        gui.add_button("screenshot").on_click(lambda event: self._screenshot(event.client))
        gui.add_button("close", hint="ends the program; results stay").on_click(lambda _: self.closed.set())

    def _add_choices(self, gui: Any) -> None:
        parts = {"mesh": [self.mesh], "surfels": [self.surfels], "keyframes": self.keyframes}
        self.boxes = {}
        for name, handles in parts.items():
            handles = [handle for handle in handles if handle is not None]
            if handles:
                self.boxes[name] = box = gui.add_checkbox(name, bool(handles[0].visible))
                box.on_update(lambda _, box=box, handles=handles: _set_visible(handles, box.value))

    def _add_time(self, gui: Any) -> None:
        result, last = self.result, len(self.result.times_s) - 1
        self.camera = add_camera(self.server.scene, "/world/camera", result, result.T_world_cam[0],
                                 rgb_of(result, 0) if result.pictures else None, CAMERA_COLOUR, size=2.0)
        self.slider = gui.add_slider("time", 0, last, 1, 0)
        self.time = gui.add_markdown("")
        self.ride = gui.add_checkbox("look through the camera", False)
        self.shown_picture = -1
        if result.pictures:
            self.picture = gui.add_image(BLANK, label="keyframe", format="jpeg", jpeg_quality=75)
        self.slider.on_update(lambda _: self.show_time(self.slider.value))
        self.ride.on_update(lambda _: self.show_time(self.slider.value))
        self.show_time(0)

    def _look_through(self, row: int) -> None:
        T, R = self.result.T_world_cam[row], self.result.R_upright_world
        for client in self.server.get_clients().values():
            client.camera.position = R @ (T[:3, 3] - 0.01 * T[:3, 2])
            client.camera.look_at = R @ (T[:3, 3] + T[:3, 2])

    def _clipped(self, shape: Shape) -> None:
        """Show a part of the mesh; nothing of it where the part is empty, since browsers choke on that."""
        self.visible_shape = shape
        assert self.mesh is not None
        if len(shape.triangles):
            self.mesh.glb_data = shape.glb
        self.mesh.visible = bool(self.boxes["mesh"].value and len(shape.triangles))

    def _screenshot(self, client: Any) -> None:
        """As large as the browser's window, saved by it."""
        picture = client.get_render(client.camera.image_height, client.camera.image_width, transport_format="png",
                                    timeout=SCREENSHOT_PATIENCE_S)
        client.send_file_download(f"{Path(self.result.name).stem or 'monofuse'}.png", encode_png(picture[..., :3]),
                                  save_immediately=True)


def _set_visible(handles: list[Any], is_visible: bool) -> None:
    for handle in handles:
        handle.visible = is_visible
