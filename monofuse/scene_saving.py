"""scene.html, beside the other files of a run."""

from argparse import Namespace
from pathlib import Path

from calib.base.errors import MonofuseError
from calib.files.atomic_file import write_file
from monofuse.interface.screen import Screen
from monofuse.results.files import SCENE
from monofuse.results.run_folder import RunFolder
from monofuse.session import Session


def save_scene(session: Session, folder: RunFolder, arguments: Namespace, screen: Screen) -> None:
    """Write scene.html, where it is wanted and viser is installed."""
    if arguments.no_scene or not session.counter.tracked:
        return
    from monofuse.interface.viewer.server import is_available
    if not is_available():
        screen.print(f"{SCENE} is left out: pip install viser")
        return
    from monofuse.interface.viewer.scene_file import scene_file
    with screen.status(f"writing {SCENE}"):
        try:
            page = scene_file(folder.place)
        except MonofuseError as error:  # what it is made of is there, and that matters more
            screen.print(f"{SCENE} is left out: {error}")
            return
        with session.attempt():
            folder.write(SCENE, page)


def write_scene_again(folder: Path, screen: Screen) -> None:
    """scene.html of a result that was changed; without viser the old one goes."""
    from monofuse.interface.viewer.server import is_available
    if is_available():
        from monofuse.interface.viewer.scene_file import scene_file
        write_file(folder / SCENE, scene_file(folder))
    else:
        (folder / SCENE).unlink(missing_ok=True)
        screen.print(f"note      {SCENE} is gone, since it showed the result as it was, and viser is not installed")
