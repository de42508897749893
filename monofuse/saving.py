"""What a finished session leaves behind: trajectory, map, mesh, picture and report."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.base.errors import MonofuseError
from calib.base.memory import hand_back
from calib.files.image_file import encode_png
from calib.files.tum_files import trajectory_text
from calib.focal.estimate import FocalEstimate
from calib.formats.calibration_file import calibration_text
from calib.geometry.calibration import without_depth
from monofuse.interface.screen import Screen
from monofuse.interface.stop_signal import StopSignal
from monofuse.learning import Learning
from monofuse.maps.recorder import MapRecorder, NoMap
from monofuse.maps.saved_map import SavedMap
from monofuse.results.files import ESTIMATED_CAMERA, KEYFRAME_PICTURES, map_files, mesh_file
from monofuse.results.keyframe_pictures import pictures_file
from monofuse.results.outcome import Outcome
from monofuse.results.overview import draw_overview, draw_surfel_overview
from monofuse.results.report import log_std_of, report_file
from monofuse.results.report_table import table_rows
from monofuse.results.run_folder import RunFolder
from monofuse.results.summary import summary_rows
from monofuse.results.texture import mesh_files, texture_of
from monofuse.scene_saving import save_scene
from monofuse.session import Session
from sequences.cameras.stream import without_password
from slam.texturing.texture import TexturedMesh

if TYPE_CHECKING:
    import trimesh

NEXT = "monofuse view"
"""What shows a result."""


def save_trajectory_and_map(session: Session, folder: RunFolder, arguments: Namespace) -> None:
    """Write what takes no time, so that it is there whatever happens to the mesh."""
    with session.attempt():
        folder.clear()
    for name, data in map_files(session.slam.map):
        with session.attempt():
            folder.write(name, data)
    with suppress(Exception):  # the final report will say so
        save_report(session.report(shown(arguments), ["ended before the mesh was complete"]), folder)


def save_meanwhile(session: Session, folder: RunFolder, arguments: Namespace) -> None:
    """As save_trajectory_and_map, before work that takes minutes; what fails is tried again after it."""
    failures = list(session.failures)
    save_trajectory_and_map(session, folder, arguments)
    session.failures[:] = failures


def save_camera(session: Session, folder: RunFolder, estimate: FocalEstimate | None) -> None:
    """Write the camera where it was estimated, so that it can be given the next time."""
    if estimate:
        with session.attempt():
            text = calibration_text(without_depth(estimate.camera), [f"Focal length {estimate.describe()}"])
            folder.write(ESTIMATED_CAMERA, text.encode())


def save_network(session: Session, learning: Learning | None, path: Path | None, screen: Screen) -> None:
    """Write the network that has learnt the recording, where that is asked for."""
    if learning and path:
        with session.attempt():
            if not learning.round_count:
                raise MonofuseError(f"{path} is not written: the network has learnt nothing")
            learning.save(path)
            screen.print(f"network    {path}: give --depth {path} the next time in this place")


def save_pictures(session: Session, folder: RunFolder) -> None:
    """Write small pictures of the keyframes, for those who look at the result."""
    with session.attempt():
        pictures = pictures_file(session.slam)
        if pictures:
            folder.write(KEYFRAME_PICTURES, pictures)


def save_mesh_and_report(session: Session, folder: RunFolder, arguments: Namespace, stop: StopSignal,
                         screen: Screen) -> None:
    """Write the mesh in all formats, a picture of it, and the final report; show the report."""
    mesh, texture, remarks = None, None, []
    session.viewer.say("building the mesh")
    if session.counter.tracked:
        with session.attempt(), screen.status("building the mesh (Ctrl-C leaves it out)"):
            session.build_mesh()
            mesh = session.mesh
            assert mesh is not None, "or NoMesh was raised"
            folder.write("mesh.ply", mesh_file(mesh, "ply"))
    with session.attempt():
        session.log.finish(session.slam, mesh)
    hand_back()
    if mesh is not None and not arguments.fast:
        with session.attempt():
            texture = _paint(session, mesh, stop, screen)
        if stop.is_impatient:
            remarks = ["the texture was left out, as Ctrl-C asked"]
    if mesh is not None:
        with session.attempt():
            for name, data in mesh_files(mesh, texture, session.slam.trajectory()[1], arguments.mesh):
                folder.write(name, data)
    with session.attempt():
        folder.write("overview.png", encode_png(overview(session, mesh, texture)))
    save_scene(session, folder, arguments, screen)
    with session.attempt():
        save_map(session, folder)
    _save_report(session, folder, arguments, remarks, screen)


def _save_report(session: Session, folder: RunFolder, arguments: Namespace, remarks: list[str], screen: Screen) -> None:
    """Write the report, let the results take their places, and show both."""
    with session.attempt():
        report = session.report(shown(arguments), remarks)
        with session.attempt():
            save_report(report, folder)
        with session.attempt():
            folder.publish(session.is_whole)
        if arguments.verbose:
            screen.rows(table_rows(report))
        screen.rows(summary_rows(report, folder.place, folder.written, NEXT) +
                    [("problem", problem) for problem in report["problems"][bool(session.failures):]])
        if folder.is_elsewhere:
            screen.print(f"results in {folder.shown}")


def open_recording_of_map(session: Session, saved: SavedMap | None, folder: RunFolder, arguments: Namespace
                          ) -> MapRecorder | NoMap:
    """What writes the map while the run goes; nothing where it only localises. Raises OutputError."""
    if arguments.localise:
        return NoMap()
    return MapRecorder(folder.map_path, session.slam, session.sequence.name, {"arguments": shown(arguments)},
                       saved.path if saved else None)


def save_localisation(session: Session, folder: RunFolder, arguments: Namespace, screen: Screen) -> None:
    """Write where the camera was in a map, and the report; show it."""
    with session.attempt():
        folder.write("trajectory.txt", trajectory_text(*session.slam.trajectory()))
    session.end_recording()
    _save_report(session, folder, arguments, [], screen)


def save_map(session: Session, folder: RunFolder) -> None:
    """Close the map on disk. Raises OutputError where it could not be written."""
    session.map.reached("complete", session.slam, session.counter)
    session.map.close(folder)


def shown(arguments: Namespace) -> dict[str, Any]:
    """Arguments as the report may show them: without the password of a camera in the network."""
    return vars(arguments) | {"source": without_password(arguments.source)}


def _paint(session: Session, mesh: trimesh.Trimesh, stop: StopSignal, screen: Screen) -> TexturedMesh | None:
    """The mesh's texture; None where the user did not want to wait for it."""
    text = "painting the texture"
    texture = Outcome(texture_of(session.slam, mesh))
    with stop.heeded(), screen.status(text) as status:
        for share in stop.patiently(texture):
            status.update(f"{text}: {share:.0%} (Ctrl-C leaves it out)")
            session.viewer.say(f"{text}: {share:.0%}")
    return texture.value


def overview(session: Session, mesh: trimesh.Trimesh | None, texture: TexturedMesh | None) -> np.ndarray:
    """(h, w, 3) uint8 picture of the mesh, or of the surfels where there is none."""
    slam, caption = session.slam, session.sequence.name
    scale_log_std = log_std_of(slam.depth.scale_report())
    _, T_world_cam = slam.trajectory()
    if mesh is None:
        surfels = slam.map.surfels_of(slam.map.main_submap)
        return draw_surfel_overview(surfels, slam.keyframes.T_world_key, T_world_cam, caption, scale_log_std)
    return draw_overview(mesh, texture, T_world_cam, caption, scale_log_std)


def save_report(report: Mapping[str, Any], folder: RunFolder) -> None:
    """Write report.json."""
    folder.write("report.json", report_file(report))
