"""A run as rerun shows it: images, depth, trajectory, map, into a file or a viewer. The one file that needs rerun."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.base.errors import BadInputError, MissingPackageError
from sequences.frame import Frame
from slam.system import FrameResult, SlamSystem

if TYPE_CHECKING:
    import trimesh

VIEWER, SUFFIX = "viewer", ".rrd"
JPEG_QUALITY = 80
MAP_EVERY = 30
"""Frames between two states of the map."""
MAX_POINTS = 200_000


class RerunLog:
    """Logs what a SlamSystem does; entities are world/camera, world/map, world/keyframes, world/trajectory."""

    def __init__(self, slam: SlamSystem, target: str):
        """target: a file that ends in SUFFIX, or VIEWER for the program `rerun`, which is started.

        Raises BadInputError for another target, or one that cannot be written, MissingPackageError without rerun."""
        if target != VIEWER and Path(target).suffix != SUFFIX:
            raise BadInputError(f"--rerun {target}: give a file that ends in {SUFFIX}, or `{VIEWER}`")
        try:
            import rerun
        except ImportError as error:
            raise MissingPackageError("rerun-sdk", f"--rerun ({error})") from error
        self.rerun: Any = rerun
        self.stream = rerun.RecordingStream("monofuse")
        try:
            if target == VIEWER:
                self.stream.spawn()
            else:
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                self.stream.save(target)
        except (OSError, RuntimeError) as error:
            raise BadInputError(f"--rerun {target}: {' '.join(str(error).split())}") from error
        self.slam = slam
        self.stream.log("world", rerun.ViewCoordinates.RDF, static=True)
        self._log_lenses()

    def show(self, frame: Frame, result: FrameResult) -> None:
        """Log a frame and what came of it."""
        rr = self.rerun
        self.stream.set_time("frame", sequence=frame.index)
        self.stream.set_time("time", duration=frame.timestamp_s)
        self.stream.log("status", rr.TextLog(result.status))
        self.stream.log("world/camera/image", rr.Image(frame.rgb).compress(jpeg_quality=JPEG_QUALITY))
        if result.inverse_depth is not None:
            depth_m = np.zeros_like(result.inverse_depth)
            np.divide(1.0, result.inverse_depth, out=depth_m, where=result.inverse_depth > 0)
            self.stream.log("world/camera/depth", rr.DepthImage(depth_m, meter=1.0))
        if result.T_world_cam is not None:
            self.stream.log("world/camera", rr.Transform3D(translation=result.T_world_cam[:3, 3],
                                                           mat3x3=result.T_world_cam[:3, :3]))
        if frame.index % MAP_EVERY == 0:
            self._log_map()

    def watch(self, slam: SlamSystem) -> None:
        """Log another system's map from now on."""
        self.slam = slam

    def finish(self, slam: SlamSystem, mesh: "trimesh.Trimesh | None") -> None:
        """Log the final trajectory and map, and the mesh if there is one."""
        self.slam = slam
        self._log_map()
        if mesh is not None:
            colours: Any = mesh.visual
            self.stream.log("world/mesh", self.rerun.Mesh3D(
                vertex_positions=mesh.vertices, triangle_indices=mesh.faces,
                vertex_normals=mesh.vertex_normals, vertex_colors=np.asarray(colours.vertex_colors)[:, :3]))
        self.stream.flush()

    def _log_lenses(self) -> None:
        rr, slam = self.rerun, self.slam
        for name, c in (("image", slam.full_camera), ("depth", slam.camera)):
            self.stream.log(f"world/camera/{name}", rr.Pinhole(
                focal_length=(c.fx, c.fy), principal_point=(c.cx, c.cy), resolution=(c.width, c.height),
                camera_xyz=rr.ViewCoordinates.RDF, image_plane_distance=0.15), static=True)

    def _log_map(self) -> None:
        rr, slam = self.rerun, self.slam
        surfels, T_world_key = slam.surfels, slam.keyframes.T_world_key
        rows = surfels.select(surfels.config.stable_confidence)
        rows = rows[:: max(1, -(-len(rows) // MAX_POINTS))]
        points, _ = surfels.world_points(rows, T_world_key)
        self.stream.log("world/map", rr.Points3D(points, colors=np.round(surfels.arrays.colour[rows]).astype(np.uint8),
                                                 radii=surfels.arrays.radius[rows]))
        self.stream.log("world/keyframes", rr.Points3D(T_world_key[:, :3, 3], colors=(120, 140, 190), radii=0.01))
        positions = slam.trajectory()[1][:, :3, 3]
        if len(positions) > 1:
            self.stream.log("world/trajectory", rr.LineStrips3D([positions], colors=(255, 140, 60), radii=0.003))
