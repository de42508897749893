"""The map while it grows: keyframes, surfels, and the camera's trajectory, all corrected together."""

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.mapping.fusion import Fusion, FusionConfig, FusionResult
from slam.mapping.keyframes import Keyframe, KeyframeConfig, Keyframes
from slam.mapping.render import View, render
from slam.mapping.surfels import SurfelConfig, Surfels
from slam.stages import StageTimes, stage
from slam.tracking.motion_model import ConstantVelocity
from slam.tracking.trajectory import RelativeTrajectory


class LiveMap:
    """Keyframes, surfels and trajectory, and the motion model of the camera in them."""

    def __init__(self, camera: Camera, keyframes: KeyframeConfig, surfels: SurfelConfig, fusion: FusionConfig,
                 stage_times: StageTimes):
        """camera: pinhole at working size, for rendering."""
        self.camera = camera
        self.keyframes = Keyframes(keyframes)
        self.surfels = Surfels(surfels)
        self.fusion = Fusion(camera, fusion)
        self.motion = ConstantVelocity()
        self.relative_trajectory = RelativeTrajectory()
        self.earlier: list[RelativeTrajectory] = []
        """Of earlier recordings, where this map extends a saved one."""
        self.stage_times = stage_times

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
        self.surfels.add_keyframe()

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
        self.surfels.rescale(factor)
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
