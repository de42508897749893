"""scene.html: a result in one file that any browser opens, without a server and offline."""

from pathlib import Path

from monofuse.interface.viewer.result import Result, read_result
from monofuse.interface.viewer.scenery import add_keyframes, add_mesh, add_points, add_trajectory, add_world, first_eye
from monofuse.interface.viewer.server import ANY_PORT, serve

MAX_KEYFRAMES = 60


def scene_file(folder: Path) -> bytes:
    """The result in `folder` -> content of its scene.html

    Raises MissingPackageError without viser, BadInputError where there is nothing to be shown."""
    result = read_result(folder, points_beside_mesh=False)
    server = serve(needed_for="scene.html", ports=ANY_PORT).viser
    try:
        _fill(server, result)
        return server.get_scene_serializer().as_html().encode()
    finally:
        server.stop()


def _fill(server, result: Result) -> None:
    scene = server.scene
    server.initial_camera.position, server.initial_camera.look_at = first_eye(result)
    add_world(scene, result)
    if result.shape is not None:
        add_mesh(scene, result.shape)
    elif result.points is not None and len(result.points.positions):
        add_points(scene, result.points)
    add_trajectory(scene, result)
    add_keyframes(scene, result, MAX_KEYFRAMES)
