"""A saved map as a SlamSystem again: to finish a run that was killed, to go on in it, to mesh or export it."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import cv2
import numpy as np

from calib.base.errors import BadInputError
from monofuse.maps.map_file import STATES
from monofuse.maps.saved_map import SavedKeyframe, SavedMap
from slam.config import SlamConfig
from slam.keyframe_depth.predicted_depth import PredictedDepth
from slam.keyframe_depth.stereo import StereoDepth
from slam.system import SlamSystem
from slam.tracking.image import Image
from slam.tracking.pyramid import NO_DEPTH, build_pyramid, grey

KEYFRAMES_SHARE = 0.6
"""Of the work of restoring a map: its keyframes; the rest is that of the surfels."""
OBSERVATIONS = np.float32(8)
"""That a pixel of depth without an uncertainty counts as: enough for a stable surfel."""


def restored(saved: SavedMap, config: SlamConfig | None = None, is_extended: bool = False
             ) -> Generator[float, None, SlamSystem]:
    """Yields the share of the work that is done, keyframe by keyframe; returns the SlamSystem

    config: of what follows, by default the map's own; is_extended: another recording follows; if not, the system is as
    if the last one had just been tracked. Raises BadInputError where map and configuration do not fit."""
    depths: dict[int, StereoDepth] = {}
    slam = yield from restored_keyframes(saved, config or saved.config, is_extended, depths)
    anchored_count = slam.keyframes.earlier_count
    if isinstance(slam.depth, PredictedDepth):
        if saved.state != STATES[0] or anchored_count:  # its scale is final: in the network's depth, too
            slam.depth.map_scale.inherit(saved.info["scale"])
        if len(depths) == len(slam.keyframes) and not is_extended:
            slam.depth.finisher.restore_final(slam.loops.candidates.overlap, depths)
    for share in fused(slam):
        yield KEYFRAMES_SHARE + (1 - KEYFRAMES_SHARE) * share
    if anchored_count:
        slam.begin_elsewhere(anchored_count)
    return slam


def restored_keyframes(saved: SavedMap, config: SlamConfig, is_extended: bool,
                       depths: dict[int, StereoDepth]) -> Generator[float, None, SlamSystem]:
    """Yields as `restored` does, up to KEYFRAMES_SHARE; returns a SlamSystem without surfels

    depths: is filled with the final depth of keyframes, by row."""
    _refuse_misfits(saved, config)
    slam = SlamSystem(saved.camera, config)
    if slam.camera.size != saved.working_size:
        raise BadInputError(f"{saved.path} says {saved.working_size} of the size that its depth has, not "
                            f"{slam.camera.size}: it is damaged")
    for keyframe in saved.keyframes():
        slam.keyframes.earlier_count += is_extended or keyframe.session < saved.sessions[-1][0]
        if keyframe.log_std is not None:
            depths[keyframe.row] = StereoDepth(keyframe.inverse_depth, keyframe.log_std)
        _add(slam, keyframe)
        yield KEYFRAMES_SHARE * (keyframe.row + 1) / saved.keyframe_count
    slam.loops.restore(saved.edges())
    for number, _, _ in saved.sessions:
        trajectory = saved.trajectory(number)
        if number == saved.sessions[-1][0] and not is_extended:
            slam.map.relative_trajectory = trajectory
        else:
            slam.map.earlier.append(trajectory)
    return slam


def _refuse_misfits(saved, config):
    if config.depth_is_measured != saved.config.depth_is_measured:
        kind = "measured" if saved.config.depth_is_measured else "predicted"
        raise BadInputError(f"{saved.path} is of {kind} depth: give --depth "
                            f"{'sensor' if saved.config.depth_is_measured else 'with a network'} to go on in it")
    if config.working_width != saved.config.working_width or config.level_count != saved.config.level_count:
        raise BadInputError(f"{saved.path} was made with working_width={saved.config.working_width} and level_count="
                            f"{saved.config.level_count}: they cannot change in a map")


def image_of(slam: SlamSystem, saved: SavedKeyframe) -> tuple[Image, np.ndarray]:
    """A saved keyframe -> its image, as if it had just come, and its rgb (h, w, 3) at working size"""
    full_rgb = saved.rgb(slam.full_camera)
    gray = grey(full_rgb, slam.camera.size)
    geometry = saved.inverse_depth if slam.config.depth_is_measured else NO_DEPTH
    pyramid = build_pyramid(gray, geometry, slam.camera, slam.config.level_count, saved.usable)
    image = Image(saved.frame_index, saved.timestamp_s, gray, full_rgb, saved.inverse_depth, pyramid, saved.usable)
    return image, image.rgb


def _add(slam, saved):
    """Make a saved keyframe one of the system's."""
    image, rgb = image_of(slam, saved)
    log_std = slam.config.depth_log_std if saved.log_std is None else saved.log_std
    keyframe = slam.keyframes.remade(image, image.pyramid, saved.inverse_depth, log_std, slam.depth.has_grid)
    keyframe.features = slam.relocaliser.describe(image.gray, image.usable)
    slam.map.add_keyframe(keyframe, saved.T_world_key, saved.submap)
    slam.keyframes.scale[-1] = saved.scale
    slam.loops.candidates.add(keyframe)
    slam.images.add_jpeg(keyframe.row, saved.jpeg)
    if isinstance(slam.depth, PredictedDepth) and saved.network_depth is not None:
        slam.depth.refiner.restore(keyframe.row, saved.network_depth, rgb, saved.log_ratio, saved.agreement)


def fused(slam: SlamSystem) -> Iterator[float]:
    """Make the surfels of a system without any from the keyframes' depth -> share of the work that is done"""
    depth = slam.depth
    if isinstance(depth, PredictedDepth) and depth.finisher.final:
        yield from depth.finisher.rebuild()
        return
    for keyframe in slam.keyframes.items:
        T_world_key = slam.keyframes.T_world_key[keyframe.row]
        view = slam.map.render(T_world_key, slam.keyframes.submap[keyframe.row])
        rgb = cv2.resize(slam.images.rgb(keyframe.row), slam.camera.size[::-1], interpolation=cv2.INTER_AREA)
        slam.map.fuse(view, keyframe.inverse_depth, rgb, keyframe.row, keyframe.row,
                      np.full(slam.camera.size, OBSERVATIONS))
        yield (keyframe.row + 1) / len(slam.keyframes)
