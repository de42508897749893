"""What a finished session leaves behind: trajectory, map, mesh, picture and report."""

import json
from contextlib import suppress

from calib.formats.calibration_file import calibration_text
from calib.geometry.calibration import without_depth
from monofuse.overview import draw_overview, draw_surfel_overview
from monofuse.report import build_report, table_rows
from monofuse.result_files import ESTIMATED_CAMERA, mesh_file, png, surfels_ply, trajectory_text
from sequences.cameras.stream import without_password
from slam.meshing.poisson import build_mesh


def save_path_and_map(session, folder, arguments):
    """Write what takes no time, so that it is there whatever happens to the mesh."""
    slam = session.slam
    with session.attempt():
        folder.clear()
    with session.attempt():
        folder.write("trajectory.txt", trajectory_text(*slam.trajectory()))
    with session.attempt():
        folder.write("map.ply", surfels_ply(slam.map_of(slam.main_submap), slam.keyframes.T_world_key))
    with session.attempt():
        for record in slam.submaps()[1:]:
            number = record["submap"]
            folder.write(f"part_{number}_trajectory.txt", trajectory_text(*slam.trajectory(number)))
            folder.write(f"part_{number}_map.ply", surfels_ply(slam.map_of(number), slam.keyframes.T_world_key))
    with suppress(Exception):  # the final report will say so
        save_report(build_report(shown(arguments), session, ["ended before the mesh was complete"]), folder)


def save_camera(session, folder, estimate):
    """Write the camera that was estimated, so that it can be given the next time."""
    if estimate:
        with session.attempt():
            text = calibration_text(without_depth(estimate.camera), [f"Focal length {estimate.describe()}"])
            folder.write(ESTIMATED_CAMERA, text.encode())


def save_mesh_and_report(session, folder, arguments, screen):
    """Write the mesh in all formats, a picture of it, and the report that then holds; show the report."""
    slam, mesh = session.slam, None
    if session.counter.tracked:
        with session.attempt(), screen.status("building the mesh (Ctrl-C leaves it out)"):
            mesh = build_mesh(slam.map_of(slam.main_submap), slam.keyframes.T_world_key, slam.config.mesh)
            for file_format in dict.fromkeys(["ply", *arguments.mesh]):
                with session.attempt():
                    folder.write(f"mesh.{file_format}", mesh_file(mesh, file_format))
    with session.attempt():
        folder.write("overview.png", png(overview(session, mesh)))
    with session.attempt():
        report = build_report(shown(arguments), session, [])
        with session.attempt():
            save_report(report, folder)
        screen.rows(table_rows(report) + [("problem", problem) for problem in
                                          report["problems"][bool(session.failures):]])
        screen.print(f"results in {folder.path}")


def shown(arguments):
    """Arguments as the report may show them: without the password of a camera in the network."""
    return vars(arguments) | {"source": without_password(arguments.source)}


def overview(session, mesh):
    slam, caption = session.slam, session.sequence.name
    _, T_world_cam = slam.trajectory()
    if mesh is None:
        return draw_surfel_overview(slam.map_of(slam.main_submap), slam.keyframes.T_world_key, T_world_cam, caption)
    return draw_overview(mesh, T_world_cam, caption)


def save_report(report, folder):
    folder.write("report.json", json.dumps(report, indent=1, default=str).encode())
