"""What a finished session leaves behind: trajectory, map, mesh, picture and report."""

import json
from argparse import Namespace
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import trimesh

from calib.files.image_file import encode_png
from calib.focal.estimate import FocalEstimate
from calib.formats.calibration_file import calibration_text
from calib.geometry.calibration import without_depth
from monofuse.interface.screen import Screen
from monofuse.results.files import ESTIMATED_CAMERA, ResultFolder, map_files, mesh_file
from monofuse.results.overview import draw_overview, draw_surfel_overview
from monofuse.results.report_table import table_rows
from monofuse.session import Session
from sequences.cameras.stream import without_password


def save_trajectory_and_map(session: Session, folder: ResultFolder, arguments: Namespace) -> None:
    """Write what takes no time, so that it is there whatever happens to the mesh."""
    with session.attempt():
        folder.clear()
    for name, data in map_files(session.slam.map):
        with session.attempt():
            folder.write(name, data)
    with suppress(Exception):  # the final report will say so
        save_report(session.report(shown(arguments), ["ended before the mesh was complete"]), folder)


def save_camera(session: Session, folder: ResultFolder, estimate: FocalEstimate | None) -> None:
    """Write the camera where it was estimated, so that it can be given the next time."""
    if estimate:
        with session.attempt():
            text = calibration_text(without_depth(estimate.camera), [f"Focal length {estimate.describe()}"])
            folder.write(ESTIMATED_CAMERA, text.encode())


def save_mesh_and_report(session: Session, folder: ResultFolder, arguments: Namespace, screen: Screen) -> None:
    """Write the mesh in all formats, a picture of it, and the final report; show the report."""
    mesh = None
    if session.counter.tracked:
        with session.attempt(), screen.status("building the mesh (Ctrl-C leaves it out)"):
            mesh = session.slam.mesh()
            for file_format in dict.fromkeys(["ply", *arguments.mesh]):
                with session.attempt():
                    folder.write(f"mesh.{file_format}", mesh_file(mesh, file_format))
    with session.attempt():
        folder.write("overview.png", encode_png(overview(session, mesh)))
    with session.attempt():
        report = session.report(shown(arguments))
        with session.attempt():
            save_report(report, folder)
        screen.rows(table_rows(report) + [("problem", problem) for problem in
                                          report["problems"][bool(session.failures):]])
        screen.print(f"results in {folder.path}")


def shown(arguments: Namespace) -> dict[str, Any]:
    """Arguments as the report may show them: without the password of a camera in the network."""
    return vars(arguments) | {"source": without_password(arguments.source)}


def overview(session: Session, mesh: trimesh.Trimesh | None) -> np.ndarray:
    """(h, w, 3) uint8 picture of the mesh, or of the surfels where there is none."""
    slam, caption = session.slam, session.sequence.name
    _, T_world_cam = slam.trajectory()
    if mesh is None:
        surfels = slam.map.surfels_of(slam.map.main_submap)
        return draw_surfel_overview(surfels, slam.keyframes.T_world_key, T_world_cam, caption)
    return draw_overview(mesh, T_world_cam, caption)


def save_report(report: Mapping[str, Any], folder: ResultFolder) -> None:
    """Write report.json."""
    folder.write("report.json", json.dumps(report, indent=1, default=str).encode())
