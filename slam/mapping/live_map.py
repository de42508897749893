"""The map while it grows: keyframes, surfels, and the camera's trajectory, all corrected together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.background import Background
from slam.mapping.fusion import Fusion, FusionConfig, FusionResult
from slam.mapping.keyframes import Keyframe, KeyframeConfig, Keyframes
from slam.mapping.render import View, render
from slam.mapping.surfels import SurfelConfig, Surfels
from slam.stages import StageTimes, stage
from slam.tracking.motion_model import ConstantVelocity
from slam.tracking.trajectory import RelativeTrajectory

if TYPE_CHECKING:
    from slam.tracking.image import Image


class LiveMap:
    """Keyframes, surfels and trajectory, and the motion model of the camera in them.

    Surfels change in a thread of their own where nobody waits for the result."""

    def __init__(self, camera: Camera, keyframes: KeyframeConfig, surfels: SurfelConfig, fusion: FusionConfig,
                 stage_times: StageTimes):
        """camera: pinhole at working size, for rendering."""
        self.camera = camera
        self.keyframes = Keyframes(keyframes)
        self._surfels, self._work = Surfels(surfels), Background("surfels")
        self.fusion = Fusion(camera, fusion)
        self.motion = ConstantVelocity()
        self.relative_trajectory = RelativeTrajectory()
        self.earlier: list[RelativeTrajectory] = []
        """Of earlier recordings, where this map extends a saved one."""
        self.stage_times = stage_times

    @property
    def surfels(self) -> Surfels:
        """All surfels, when all that was to be done to them is done: waits for that."""
        self._work.finish()
        return self._surfels

    @surfels.setter
    def surfels(self, surfels: Surfels) -> None:
        self._work.finish()
        self._surfels = surfels

    def later(self, work: Callable[[Surfels], object]) -> None:
        """Have something done to the surfels, after all that was asked for before, in their thread. It must not touch
        what changes meanwhile: neither keyframes, nor `surfels`."""
        self._work.begin(lambda: work(self._surfels))

    @property
    def T_world_reference(self) -> np.ndarray:
        """(4, 4) of the keyframe that the camera is tracked against."""
        return self.keyframes.T_world_key[self.keyframes.reference.row]

    def T_cam_reference(self, T_world_cam: np.ndarray) -> np.ndarray:
        """(4, 4) pose of the reference keyframe in the frame of a camera at T_world_cam."""
        return se3.inverse(T_world_cam) @ self.T_world_reference

    def add_keyframe(self, keyframe: Keyframe, T_world_key: np.ndarray, new_submap: int | None = None) -> None:
        """Make a keyframe part of the map and the reference of tracking, in the submap of the last one by default."""
        self.keyframes.add(keyframe, T_world_key, new_submap)
        self.later(Surfels.add_keyframe)

    @stage("render")
    def render(self, T_world_cam: np.ndarray, submap: int | None = None) -> View:
        """View of a submap, by default the active one, at T_world_cam (4, 4)."""
        is_here = self.keyframes.submap == (self.keyframes.active_submap if submap is None else submap)
        return render(self.surfels, self.camera, T_world_cam, self.keyframes.T_world_key, is_here)

    def fuse(self, view: View, inverse_depth: np.ndarray, rgb: np.ndarray, row: int, time: int,
             observations: np.ndarray | None = None) -> FusionResult:
        """Fuse an inverse depth map (h, w) and its image (h, w, 3) into keyframe `row`; see Fusion. `time`: number of
        the depth map, in which the age of surfels is counted."""
        return self.fusion(self.surfels, view, inverse_depth, rgb, row, time, observations)

    def fuse_later(self, image: Image, inverse_depth: np.ndarray, row: int, time: int,
                   observations: np.ndarray) -> None:
        """Fuse an inverse depth map (h, w) of an image into keyframe `row`, where that stands now; see `fuse`."""
        T_world_key, submap = self.keyframes.T_world_key, self.keyframes.submap
        inverse_depth = inverse_depth.copy()

        def work(surfels: Surfels) -> None:
            with self.stage_times.timed("render"):
                view = render(surfels, self.camera, T_world_key[row], T_world_key, submap == submap[row])
            with self.stage_times.timed("fuse"):
                self.fusion(surfels, view, inverse_depth, image.rgb, row, time, observations)
        self.later(work)

    def begin(self, timestamp_s: float, T_world_cam: np.ndarray) -> None:
        """Start a submap: the camera is at the newest keyframe, with unknown velocity."""
        self.motion.reset(T_world_cam)
        self.motion.update(timestamp_s, T_world_cam)
        self.relative_trajectory.add(timestamp_s, self.keyframes.reference.row, np.eye(4), self.keyframes)

    def place_camera(self, timestamp_s: float, T_reference_cam: np.ndarray) -> np.ndarray:
        """Note the camera's pose (4, 4) relative to the reference keyframe -> T_world_cam (4, 4)"""
        T_world_cam = self.T_world_reference @ T_reference_cam
        self.motion.update(timestamp_s, T_world_cam)
        self.relative_trajectory.add(timestamp_s, self.keyframes.reference.row, T_reference_cam, self.keyframes)
        return T_world_cam

    def move(self, S_world_key: np.ndarray) -> np.ndarray:
        """Give all keyframes new similarities (K, 4, 4) -> (K,) factor by which each one's scale grew

        Surfels move along, and the camera keeps its pose relative to the reference, so that tracking goes on."""
        T_reference_cam = se3.inverse(self.T_world_reference) @ self.motion.T_world_cam
        factor = self.keyframes.move(S_world_key)
        if (factor.astype(np.float32) != 1).any():
            self.later(lambda surfels: surfels.rescale(factor))
        growth = factor[self.keyframes.reference.row]
        T_reference_cam[:3, 3] *= growth
        self.motion.move(self.T_world_reference @ T_reference_cam, growth)
        return factor

    def trajectory(self, submap: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """-> timestamps (N,) in seconds and T_world_cam (N, 4, 4) of the tracked frames of a submap, by default the
        main one, by the keyframes' present poses"""
        return self.relative_trajectory.in_world(self.keyframes, self.main_submap if submap is None else submap)

    @property
    def main_submap(self) -> int:
        """The submap with most tracked frames, which is shown and saved as the map."""
        return self.relative_trajectory.main_submap(self.keyframes)

    def submaps(self) -> list[dict]:
        """One record per submap, the main one first; see RelativeTrajectory.submaps."""
        return self.relative_trajectory.submaps(self.keyframes)

    def surfels_of(self, submap: int) -> Surfels:
        """The surfels of one submap, to read only."""
        is_wanted = self.keyframes.submap == submap
        return self.surfels if is_wanted.all() else self.surfels.of_keyframes(is_wanted)
