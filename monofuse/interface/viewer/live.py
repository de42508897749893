"""A run live in the browser: surfels, cameras, trajectory, loops, and the buttons that steer it.

What this does in the thread of the pipeline is rationed by time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from monofuse.interface.viewer import eye
from monofuse.interface.viewer.clouds import Clouds, Look
from monofuse.interface.viewer.colouring import depth_picture
from monofuse.interface.viewer.controls import Controls
from monofuse.interface.viewer.pacing import Ration, Speed, step_for
from monofuse.interface.viewer.panel import Panel
from monofuse.interface.viewer.presence import Presence
from monofuse.interface.viewer.result import read_result
from monofuse.interface.viewer.result_view import ResultView
from monofuse.interface.viewer.server import LOOPBACK, serve
from monofuse.interface.viewer.shapes import add_lines, place, pyramids, trajectory_segments
from monofuse.interface.viewer.words import STATUS_COLOURS, numbers, state_of
from sequences.frame import Frame
from slam.system import FrameResult, SlamSystem

Item = TypeVar("Item")
CAMERA_INTERVAL_S, MAP_INTERVAL_S = 0.1, 0.5
MAX_CAMERA_SHARE, MAX_MAP_SHARE = 0.015, 0.015
"""Updates come less often where they would take more than these shares of the time."""
PICTURE_WIDTH_PX = 240
MIN_OVERLAP = 0.3
"""Share of the reference keyframe's image that a keyframe sees, from which on it is covisible."""
KEYFRAME_COLOUR, COVISIBLE_COLOUR, LOOP_COLOUR = (120, 140, 190), (90, 220, 120), (230, 80, 200)
UP = np.array([0.0, -1.0, 0.0])
"""In the world of a run, whose first camera was held upright, as far as anybody knows."""


class Viewer:
    """Shows a SlamSystem while it runs, then its result. It ends with the process."""

    def __init__(self, slam: SlamSystem, host: str = LOOPBACK, answers: Mapping[str, Callable[[], None]] | None = None):
        """answers: what is done for panel.SAVE and panel.RESET, between two frames.

        Raises MissingPackageError without viser, BadInputError where nothing can be served on `host`."""
        self.slam = slam
        self.served = serve(host)
        self.server = self.served.viser
        self.presence = Presence(self.server)
        self.controls = Controls()
        for wish, work in (answers or {}).items():
            self.controls.answer(wish, work)
        self.server.scene.set_up_direction("-y")
        self.server.initial_camera.position = (0.0, -1.0, -2.5)
        self.server.initial_camera.look_at = (0.0, 0.0, 1.5)
        self.panel = Panel(self.server.gui, self.controls)
        self.camera = self._add_camera()
        self.clouds = Clouds(self.server.scene)
        self.camera_updates = Ration(CAMERA_INTERVAL_S, MAX_CAMERA_SHARE)
        self.map_updates = Ration(MAP_INTERVAL_S, MAX_MAP_SHARE)
        self.shown = Speed()

    @property
    def address(self) -> str:
        """What the user opens."""
        return self.served.address

    def heeded(self, frames: Iterable[Item]) -> Iterator[Item]:
        """Frames as the user lets them come: paused, or ended early."""
        try:
            yield from self.controls.heeded(frames)
        finally:
            self.panel.disable_buttons()  # nobody would heed them

    @property
    def is_stopped(self) -> bool:
        """Whether the user has ended the frames by a button."""
        return self.controls.is_stopped

    def show(self, frame: Frame, result: FrameResult) -> None:
        """Frame and its FrameResult -> the browser, as far as it is time for that; then what buttons ask for."""
        self.shown.count += 1
        if self.camera_updates.due():
            with self.camera_updates, self.server.atomic():
                self._show_camera(frame, result)
        if self.map_updates.due():
            with self.map_updates, self.server.atomic():
                self._show_numbers(frame)
                self._show_map()
        for wish in self.controls.do_what_is_asked():
            self._notify(f"{wish}: done")

    def watch(self, slam: SlamSystem) -> None:
        """Show another system from now on."""
        self.slam = slam
        self.clouds.clear()

    def say(self, text: str) -> None:
        """What is being done after the last frame."""
        self.panel.say(text)

    def show_corrected(self) -> None:
        """The map as it has become after the last frame, all of it at once: points may have moved in their keyframes.
        """
        with self.server.atomic():
            self.clouds.clear()
            self._show_map(is_limited=False)

    def finish(self, folder: Path) -> None:
        """Show the result in `folder` in place of the run. Raises BadInputError where it cannot be read."""
        result = read_result(folder)
        self.clouds.clear()
        self.server.scene.reset()
        self.server.gui.reset()
        self.result_view = ResultView(self.server, result, "finished")
        self.result_view.put_clients_in_place()

    def wait(self, is_enough: Callable[[], bool]) -> None:
        """After `finish`: return when all browsers or the viewer are closed, or `is_enough` says so."""
        closed = self.result_view.closed
        self.presence.wait_until_closed(lambda: closed.is_set() or is_enough())

    def close(self) -> None:
        """Serve no longer."""
        self.server.stop()

    def _add_camera(self):
        c = self.slam.camera
        return self.server.scene.add_camera_frustum(
            "/camera", fov=2 * np.arctan(c.height / 2 / c.fy), aspect=c.width / c.height, scale=0.15,
            color=STATUS_COLOURS["waiting"], format="jpeg", jpeg_quality=60)

    def _show_camera(self, frame: Frame, result: FrameResult) -> None:
        self.panel.say(state_of(result, self.controls.is_paused))
        step = step_for(frame.rgb.shape[1], PICTURE_WIDTH_PX)
        picture = np.ascontiguousarray(frame.rgb[::step, ::step])
        self.panel.picture.image = picture
        self.camera.image = picture
        self.camera.color = STATUS_COLOURS[result.status]
        if result.inverse_depth is not None:
            step = step_for(result.inverse_depth.shape[1], PICTURE_WIDTH_PX)
            self.panel.depth.image = depth_picture(result.inverse_depth[::step, ::step])
        if result.T_world_cam is not None:
            place(self.camera, result.T_world_cam)
            if self.panel.view != "free":
                eye.look(self.server.get_clients(), *eye.eye_and_target(self.panel.view, result.T_world_cam, UP))

    def _show_numbers(self, frame: Frame) -> None:
        slam = self.slam
        self.panel.numbers.content = numbers({
            "frame": str(frame.index), "frames/s": f"{self.shown.per_second():.1f}",
            "keyframes": str(len(slam.keyframes)), "loops": str(len(slam.loops.closed)),
            "surfels": f"{len(slam.surfels):,}"})

    def _show_map(self, is_limited: bool = True) -> None:
        slam, scene = self.slam, self.server.scene
        T_world_key = slam.keyframes.T_world_key
        covisible = covisible_keyframes(slam)
        self.clouds.update(slam.surfels, T_world_key, self._look(covisible), is_limited)
        is_lit = np.isin(np.arange(len(T_world_key)), covisible)
        add_lines(scene, "/keyframes/others", pyramids(T_world_key[~is_lit], slam.camera, 0.06), KEYFRAME_COLOUR)
        add_lines(scene, "/keyframes/covisible", pyramids(T_world_key[is_lit], slam.camera, 0.06), COVISIBLE_COLOUR)
        loops = np.array([(loop.old, loop.new) for loop in slam.loops.closed], int).reshape(-1, 2)
        add_lines(scene, "/loops", T_world_key[loops][..., :3, 3], LOOP_COLOUR)
        add_lines(scene, "/trajectory", *trajectory_segments(slam.trajectory()[1][:, :3, 3]), thickness_px=3.0)

    def _look(self, covisible: np.ndarray) -> Look:
        is_wanted = self.panel.highlight.value
        return self.panel.look._replace(lit=frozenset(covisible.tolist()) if is_wanted else frozenset())

    def _notify(self, text: str) -> None:
        for client in self.server.get_clients().values():
            client.add_notification(text, "", auto_close_seconds=4.0)


def covisible_keyframes(slam: SlamSystem) -> np.ndarray:
    """Rows of the keyframes that see what the one sees against which the camera is tracked, itself among them."""
    keyframes = slam.keyframes
    if not len(keyframes):
        return np.zeros(0, int)
    overlap = slam.loops.candidates.overlap(keyframes.reference, keyframes, slice(0, len(keyframes)))
    return np.flatnonzero(overlap >= MIN_OVERLAP)
