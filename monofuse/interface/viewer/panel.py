"""The panel of the live view: state, pictures, how it looks, buttons."""

from typing import Any

import numpy as np

from monofuse.interface.viewer import eye
from monofuse.interface.viewer.clouds import Look
from monofuse.interface.viewer.colouring import MODES
from monofuse.interface.viewer.controls import Controls

SAVE, RESET = "save", "reset"
"""Wishes that Controls passes on."""
BLANK = np.full((24, 32, 3), 30, np.uint8)
JPEG_QUALITY = 60


class Panel:
    """What is beside the scene; its buttons write to `controls`."""

    def __init__(self, gui: Any, controls: Controls):
        self.controls = controls
        self.state = gui.add_markdown("**waiting for the first frame**")
        self._add_buttons(gui)
        self.picture = gui.add_image(BLANK, label="camera", format="jpeg", jpeg_quality=JPEG_QUALITY)
        self.depth = gui.add_image(BLANK, label="depth", format="jpeg", jpeg_quality=JPEG_QUALITY)
        self._add_look(gui)
        self.numbers = gui.add_markdown("")

    @property
    def look(self) -> Look:
        """As the user has chosen, without what is lit."""
        return Look(self.mode.value, float(self.size.value))

    @property
    def view(self) -> str:
        """One of eye.MODES."""
        return self.eye.value

    def say(self, text: str) -> None:
        """The state of the run, in words."""
        if self.state.content != f"**{text}**":
            self.state.content = f"**{text}**"

    def disable_buttons(self) -> None:
        """After the last frame."""
        for button in self.buttons:
            button.disabled = True

    def _add_look(self, gui: Any) -> None:
        self.mode = gui.add_dropdown("colours", MODES, initial_value=MODES[0])
        self.size = gui.add_slider("point size", 0.2, 3.0, 0.1, 1.0, hint="1: as large as the surfels are")
        self.eye = gui.add_dropdown("view", eye.MODES, initial_value=eye.MODES[0],
                                    hint="follow: over the camera's shoulder")
        self.highlight = gui.add_checkbox("highlight what the camera sees", True)

    def _add_buttons(self, gui: Any) -> None:
        self.pause = gui.add_button("pause")
        self.stop = gui.add_button("stop and finish", hint="end here, then adjust, build the mesh and save")
        self.save = gui.add_button("save now", disabled=not self.controls.can(SAVE),
                                   hint="trajectory, map and report so far, into the result folder")
        self.reset = gui.add_button("reset", disabled=not self.controls.can(RESET), hint="forget the map, begin anew")
        self.buttons = (self.pause, self.stop, self.save, self.reset)
        self.pause.on_click(lambda _: self._toggle_pause())
        self.stop.on_click(lambda _: self._stop())
        self.save.on_click(lambda _: self.controls.ask(SAVE))
        self.reset.on_click(lambda _: self.controls.ask(RESET))

    def _toggle_pause(self) -> None:
        self.controls.is_paused = not self.controls.is_paused
        self.pause.label = "go on" if self.controls.is_paused else "pause"
        self.say("paused" if self.controls.is_paused else "going on")

    def _stop(self) -> None:
        self.controls.is_stopped = True
        self.disable_buttons()
        self.say("stopping")
