"""The library's face: RGB images in, one at a time; poses, a map and a mesh out."""

import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calib.base.errors import BadInputError, CalibrationError, MonofuseError
from calib.files.atomic_file import write_file
from calib.files.mask_file import fitted_mask, read_mask
from calib.files.tum_files import trajectory_text
from calib.geometry.camera import Camera
from calib.geometry.rectification import Rectifier, rectified
from monofuse.checked_input import checked_depth, checked_mask, checked_rgb, checked_time
from monofuse.class_mask import open_class_mask
from monofuse.configuration import refuse_unused
from monofuse.depth_stage import Predictor, at_once, configured_for, with_depth_on_request
from monofuse.maps.map_file import MAP_FILES
from monofuse.own_network import DepthSource, network_of
from monofuse.results.files import KEYFRAME_PICTURES, ResultFolder, map_files, mesh_file
from monofuse.results.keyframe_pictures import pictures_file
from monofuse.results.outcome import Outcome
from monofuse.results.texture import mesh_files, texture_of
from monofuse.view_mask import NONE as NO_MASK
from monofuse.view_mask import ViewMask
from monofuse.warm_up import warm_up
from sequences.frame import DepthImage, Frame
from slam.config import SlamConfig
from slam.mapping.surfels import Surfels
from slam.system import FrameResult, SlamSystem
from slam.texturing.texture import TexturedMesh

if TYPE_CHECKING:
    import trimesh

SENSOR = "sensor"
"""In place of a network: each image comes with its measured depth."""


class PointCloud(NamedTuple):
    """The map as points in the world."""

    points_m: np.ndarray
    """(N, 3) float64."""
    normals: np.ndarray
    """(N, 3) float64, unit vectors that point out of the surface."""
    colours: np.ndarray
    """(N, 3) uint8, red, green and blue."""
    confidence: np.ndarray
    """(N,) float32, in how many observations the point was seen; the mesh is made of those with 3 and more."""


class Scale(NamedTuple):
    """How sure the metres are."""

    source: str
    """`sensor`, `network`, what `known_scale` of the configuration names, or `nothing`: the network knows no metres."""
    log_std: float | None
    """Standard deviation of the log of the scale; None where depth is measured, where the user gave a factor, and
    before `finish`."""
    is_doubtful: bool
    """Whether everything may well be a third too large or too small: measure something, and give known_scale."""


class Slam:
    """Dense monocular SLAM: call `track` for each image, then `finish`, then read trajectory and mesh.

    The world is the first tracked camera: metres, x right, y down, z forward. `T_world_cam` maps points of the camera
    into the world. The same images give the same results, byte for byte. Not to be called from two threads at once.
    """

    def __init__(self, camera: Camera, depth: DepthSource = "mobile", *, final: bool = True,
                 config: SlamConfig | None = None, mask: "np.ndarray | str | os.PathLike[str] | None" = None):
        """
        camera: of the images, in pixels; distorted images are rectified here.
        depth: "mobile" (the network that comes along), the file of a network (.onnx, .safetensors, .pth), a model of
            the Hugging Face hub (a short name that `monofuse depth list` shows, "ORG/MODEL", a folder with its files),
            a function from an image to depth in metres, any object with `predict(rgb, camera)` (see DepthEstimator), or
            "sensor": each call of `track` then brings measured depth along.
        final: with a network, estimate the depth of all keyframes again in `finish`, and build the map anew. False
            leaves that out, and keeps no images of keyframes for it.
        config: by default SlamConfig.for_sensor() or SlamConfig.for_network(), as `depth` is. "sensor" together with
            for_network() takes depth that was predicted beforehand.
        mask: array (h, w) of any kind, or image file, that is 0 where something is always in view that does not belong
            to the scene; "none" for nothing. By default, what never moves in the first images is ignored from then on.
            "NETWORK.onnx[:CLASS]": also what this segmentation network finds in each image.

        Raises MonofuseError where the camera or the network cannot be used.
        """
        if not isinstance(camera, Camera):
            raise CalibrationError(f"camera must be a monofuse.Camera, not {type(camera).__name__}: "
                                   f"read_calibration(FILE).camera reads one")
        is_sensor = isinstance(depth, str) and depth == SENSOR
        if config is None:
            config = SlamConfig.for_sensor() if is_sensor else SlamConfig.for_network()
        if not isinstance(config, SlamConfig):
            raise BadInputError(f"config must be a monofuse.SlamConfig, not {type(config).__name__}: "
                                f"start from SlamConfig.for_network()")
        if config.depth_is_measured and not is_sensor:
            raise BadInputError("this configuration is for measured depth: start from SlamConfig.for_network()")
        if not final:
            config = replace(config, final_depth=None)
        network = None if is_sensor else network_of(depth)
        if network:
            config = configured_for(network, config)
        refuse_unused(config)
        self._rectifier = Rectifier(camera)
        self._frame_count, self._last_s = 0, -math.inf
        self._is_finished = False
        self.system = SlamSystem(self._rectifier.camera, config)
        """The inside, for the curious; it changes from version to version."""
        self._mask = self._view_mask(mask)
        self._predictor = Predictor(network, self.camera, self.system.stage_times) if network else None

    @property
    def camera(self) -> Camera:
        """The pinhole that poses and predicted depth refer to: the given camera without its distortion."""
        return self._rectifier.camera

    @property
    def config(self) -> SlamConfig:
        """How this system is set up."""
        return self.system.config

    def warm_up(self) -> None:
        """Compile all kernels now, once per machine a minute, else seconds, so that no image waits for it."""
        warm_up(self.config)

    def track(self, rgb: np.ndarray, time_s: float, depth_m: np.ndarray | None = None) -> FrameResult:
        """The next image -> FrameResult: `status`, and `T_world_cam` (4, 4) where that is `tracked` or `relocalised`.

        rgb: (H, W, 3) uint8, red first, as the camera took it. time_s: seconds, increasing.
        depth_m: with depth="sensor", (h, w) floats, z in metres, registered to the image, of its size or smaller; 0 or
            NaN where there is no reading. An image may lack it.

        Raises MonofuseError, before anything has changed, where an argument cannot be used, and NetworkError where the
        network predicts nothing that is a depth for the first image.
        """
        if self._is_finished:
            raise MonofuseError("no image can follow finish(): make a new Slam")
        if depth_m is not None and self._predictor:
            raise BadInputError('depth_m is for Slam(camera, depth="sensor"): this one predicts depth itself')
        rgb, time_s = checked_rgb(rgb, self._rectifier.source), checked_time(time_s, self._last_s)
        measured = None if depth_m is None else self._registered(depth_m)
        result = self.system.process(self._prepared(Frame(self._frame_count, time_s, rgb, sensor_depth=measured)))
        self._frame_count, self._last_s = self._frame_count + 1, time_s
        if result.T_world_cam is not None:  # the caller's own: what happens to it must not move the camera in here
            result = result._replace(T_world_cam=result.T_world_cam.copy())
        return result

    def finish(self, progress: Callable[[str, float], None] | None = None) -> None:
        """After the last image: close the last loops, adjust all keyframes to each other, finalise the scale.

        `progress` is told what is being done and its share, 0 to 1; an exception that it raises ends finish() early and
        leaves usable results. A second call does nothing.
        """
        if progress is not None and not callable(progress):
            raise BadInputError("progress must be a function of a text and a share")
        if self._is_finished:
            return
        self._is_finished = True
        self.system.finish()
        for text, steps in (("adjusting all keyframes", self.system.adjust_all()),
                            ("estimating the keyframes' depth", self.system.estimate_depth()),
                            ("building the final map", self.system.rebuild())):
            share = None
            for share in steps:
                if progress:
                    progress(text, share)
            if progress and share not in (None, 1.0):
                progress(text, 1.0)

    def trajectory(self) -> tuple[np.ndarray, np.ndarray]:
        """Times (N,) in seconds and T_world_cam (N, 4, 4) of all tracked images, by all that is known by now.

        Where the camera was lost and a new map begun that could not be joined, those of the larger part.
        """
        return self.system.trajectory()

    @property
    def scale(self) -> Scale:
        """Where the metres come from and how sure they are, final after `finish`."""
        report = self.system.depth.scale_report()
        return Scale(report.get("scale_from", "network" if self._predictor else SENSOR), report.get("scale_log_std"),
                     report.get("scale_doubtful", False))

    def point_cloud(self) -> PointCloud:
        """The map as it is now; cheap enough to be shown while images come."""
        surfels = self._surfels()
        rows = surfels.select(0)
        points_m, normals = surfels.world_points(rows, self.system.keyframes.T_world_key)
        colours = np.round(surfels.arrays.colour[rows]).astype(np.uint8)
        return PointCloud(points_m, normals, colours, surfels.arrays.confidence[rows])

    def mesh(self) -> "trimesh.Trimesh":
        """The map as one coloured triangle mesh in the world, metres; takes seconds.

        Raises MonofuseError where the map is too small for one.
        """
        self._require_keyframes()
        return self.system.mesh()

    def textured_mesh(self) -> TexturedMesh:
        """The map as one mesh, painted from the keyframes' images; takes some ten seconds.

        Raises MonofuseError where the map is too small for a mesh.
        """
        return self._textured(self.mesh())

    def save_trajectory(self, path: str | os.PathLike[str]) -> None:
        """Write `timestamp tx ty tz qx qy qz qw` lines (TUM format, camera to world). Raises MonofuseError."""
        self._require_keyframes()
        write_file(Path(path), trajectory_text(*self.trajectory()))

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write trajectory.txt, map.ply, mesh.ply and mesh.glb, as the program does, in place of an older run's files.

        Raises MonofuseError where nothing was tracked or nothing can be written, and where the map is too small for a
        mesh; the other files are there by then.
        """
        self._require_keyframes()
        results = ResultFolder(folder)
        results.clear()
        for name in MAP_FILES:  # of the program's run: this map is not written to disk
            (results.path / name).unlink(missing_ok=True)
        for name, data in map_files(self.system.map):
            results.write(name, data)
        if pictures := pictures_file(self.system):
            results.write(KEYFRAME_PICTURES, pictures)
        mesh = self.mesh()
        results.write("mesh.ply", mesh_file(mesh, "ply"))
        for name, data in mesh_files(mesh, self._textured(mesh), self.trajectory()[1], ()):
            results.write(name, data)

    def _require_keyframes(self):
        if not len(self.system.keyframes):
            reason = "no image was tracked" if self._frame_count else "track() was never called"
            raise MonofuseError(f"{reason}, so there is nothing to save")

    def _registered(self, depth_m):
        """Depth as it was given -> DepthImage, on the lens of the colour image."""
        source = self._rectifier.source
        depth_m = checked_depth(depth_m, source)
        return DepthImage(depth_m, source.subsampled(depth_m.shape))

    def _prepared(self, frame):
        """A frame as the camera took it -> rectified, with the depth that SLAM works with."""
        frame = self._mask.added(next(rectified([frame], self._rectifier)))
        if not self._predictor:
            return replace(frame, depth=frame.sensor_depth)
        return next(with_depth_on_request([frame], self._predictor, at_once))

    def _view_mask(self, mask):
        if mask is None or (isinstance(mask, str) and mask == NO_MASK):
            return ViewMask(None, searches=mask is None)
        if isinstance(mask, (str, os.PathLike)):
            classes = open_class_mask(os.fspath(mask), ViewMask(None))
            if classes:
                return classes
            usable = read_mask(Path(mask), self._rectifier.source)
        else:
            usable = fitted_mask(checked_mask(mask), self._rectifier.source, "mask")
        return ViewMask(self._rectifier.mask(usable))

    def _textured(self, mesh):
        texture = Outcome(texture_of(self.system, mesh))
        for _ in texture:
            pass
        assert texture.value is not None, "all steps were done"
        return texture.value

    def _surfels(self) -> Surfels:
        return self.system.map.surfels_of(self.system.map.main_submap)
