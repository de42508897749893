"""What of a run is to be seen, while it goes on and afterwards: viewer, log for rerun."""

from __future__ import annotations

import signal
from argparse import Namespace
from typing import TYPE_CHECKING

from calib.base.errors import MonofuseError
from monofuse.interface.screen import Screen
from monofuse.interface.stand_ins import NoLog, NoViewer
from monofuse.interface.stop_signal import StopSignal
from monofuse.results.run_folder import RunFolder
from monofuse.saving import save_meanwhile
from monofuse.session import Session

if TYPE_CHECKING:
    from monofuse.interface.rerun_log import RerunLog
    from monofuse.interface.viewer.live import Viewer


def open_viewer(arguments: Namespace, session: Session, folder: RunFolder, screen: Screen) -> Viewer | NoViewer:
    """A live view in a browser where --viewer asks for it. Raises BadInputError where it cannot be had."""
    if not arguments.viewer:
        return NoViewer()
    from monofuse.interface.viewer.live import Viewer
    from monofuse.interface.viewer.panel import RESET, SAVE
    answers = {SAVE: lambda: save_meanwhile(session, folder, arguments)}
    if arguments.adapt != "live":  # what learns belongs to one map
        answers[RESET] = session.restart
    viewer = Viewer(session.slam, arguments.viewer_host, answers)
    for line in viewer.served.lines():
        screen.print(line)
    return viewer


def open_log(arguments: Namespace, session: Session) -> RerunLog | NoLog:
    """A log for rerun where --rerun asks for it. Raises BadInputError where it cannot be had."""
    if not arguments.rerun:
        return NoLog()
    from monofuse.interface.rerun_log import RerunLog
    return RerunLog(session.slam, arguments.rerun)


def stay(session: Session, folder: RunFolder, arguments: Namespace, stop: StopSignal, screen: Screen) -> None:
    """Show the result in the viewer until that is closed, unless nobody looks: where output goes to no terminal, or
    after Ctrl-C, only an open browser is waited for."""
    viewer = session.viewer
    if isinstance(viewer, NoViewer) or arguments.no_wait or stop.number not in (None, signal.SIGINT):
        return
    is_watched = viewer.presence.is_there or (screen.is_terminal and stop.number is None)
    if not is_watched or not session.counter.tracked:
        return
    try:
        viewer.finish(folder.place)
    except MonofuseError as error:
        session.failures.append(error)
        return
    screen.print("viewer     shows the result until its page is closed, or Ctrl-C; --no-wait ends at once")
    with stop.heeded():
        viewer.wait(lambda: stop.is_impatient)
