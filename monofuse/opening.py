"""From arguments to the objects of a run: depth, source, configuration, recorder."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from calib.base.errors import BadInputError, MonofuseError, UnknownCameraError, one_line
from calib.files.mask_file import read_mask
from calib.focal.estimate import FocalEstimate
from calib.geometry.camera import Camera
from calib.geometry.rectification import Rectifier, rectified
from calib.unknown_camera import estimate_source, open_with_camera
from depth.estimator import DepthEstimator
from depth.hub.network import open_estimator
from depth.runtimes.default_network import NAME as OUR_NETWORK
from monofuse.arguments import AUTO, PREDICT, chosen_depth
from monofuse.class_mask import open_class_mask
from monofuse.configuration import refuse_unused, with_file, with_setting
from monofuse.depth_stage import NetworkDepth, SensorDepth
from monofuse.interface.screen import Screen
from monofuse.interface.stand_ins import NoRecorder
from monofuse.learning import Learning
from monofuse.maps.restore import restored
from monofuse.maps.saved_map import SavedMap
from monofuse.results.outcome import finished
from monofuse.second_pass import SecondPass
from monofuse.view_mask import NONE as NO_MASK
from monofuse.view_mask import ViewMask
from sequences.cameras.recorder import Recorder
from sequences.catalogue import open_sequence
from sequences.frame import Frame
from sequences.sequence import Sequence, SourceOptions, is_live
from slam.config import SlamConfig
from slam.keyframe_depth.final_depth import FinalDepthConfig
from slam.stages import StageTimes
from slam.system import SlamSystem

SCALE_FIELDS = ("factor", "height_m", "board", "square_m", "recorded_depth", "recorded_poses")
"""What --scale sets."""
SCALE_DEPTH_EVERY = 2
"""Of every n-th frame measured depth is read for `--scale depth`: half of the keyframes are enough. A source of which
every frame's is asked for refuses to open without."""


def open_depth(arguments: Namespace, screen: Screen, config: SlamConfig) -> SensorDepth | NetworkDepth:
    """Where the depth that `config` is for comes from.

    Raises BadInputError where an option does not fit, or a network cannot be run.
    """
    if chosen_depth(arguments) == "sensor":
        return SensorDepth("sensor")
    with screen.status("opening the network") as status:
        estimator = open_estimator(
            chosen_depth(arguments), dict(arguments.depth_option), arguments.runtime, arguments.device,
            network=arguments.network,
            progress=lambda share: status.update(f"building the network's engine, once: {share:.0%}"),
            tell=status.update)
    only_keyframes = arguments.predict == "keyframes" or (arguments.predict == AUTO.name and bool(config.refinement))
    return NetworkDepth(f"{chosen_depth(arguments)}, {estimator.note}, for "
                        f"{'keyframes' if only_keyframes else 'all frames'}",
                        estimator, only_keyframes)


def open_source(arguments: Namespace, depth: SensorDepth | NetworkDepth, screen: Screen
                ) -> tuple[Sequence, FocalEstimate | None]:
    """-> the source, and the estimate of its camera where --calibration is `auto`, or nothing else tells the camera."""
    options = source_options(arguments, depth, screen.print)
    if arguments.calibration != AUTO:
        try:
            return open_sequence(arguments.source, options), None
        except UnknownCameraError:
            if arguments.calibration:
                raise
        screen.print("camera     no calibration with the source: its focal length is estimated; --calibration FILE is "
                     "surer")
    with screen.status("estimating the focal length"):
        estimate = estimate_source(arguments.source, options, depth.focal_share)
    screen.print(f"focal      {estimate.describe()}")
    return open_with_camera(arguments.source, options, estimate.camera), estimate


def source_options(arguments: Namespace, depth: SensorDepth | NetworkDepth, tell: Callable[[str], None]
                   ) -> SourceOptions:
    """What the source is asked for."""
    wants_depth = bool(arguments.scale and arguments.scale.recorded_depth)
    return SourceOptions(calibration_file=arguments.calibration,
                         depth_every=SCALE_DEPTH_EVERY if wants_depth else depth.sensor_depth_every,
                         max_frames=arguments.max_frames, seed=arguments.seed,
                         keep_depth=bool(arguments.record), topic=arguments.topic, tell=tell)


def configuration(arguments: Namespace) -> SlamConfig:
    """The defaults for measured or predicted depth, then --config, then each --set, then the options
    that have a name of their own. Raises BadInputError."""
    is_measured = chosen_depth(arguments) == "sensor"
    if is_measured:
        _refuse_network_options(arguments)
    config = SlamConfig.for_sensor() if is_measured else SlamConfig.for_network()
    if arguments.config:
        config = with_file(config, arguments.config)
    for name, text in arguments.set:
        config = with_setting(config, name, text)
    if config.depth_is_measured != is_measured:
        raise BadInputError(f"the configuration is for {'predicted' if is_measured else 'measured'} depth "
                            f"(depth_is_measured): give --depth {OUR_NETWORK if is_measured else 'sensor'} too")
    if arguments.max_surfels:
        config = replace(config, surfels=replace(config.surfels, max_surfels=arguments.max_surfels))
    if arguments.triangles:
        config = replace(config, mesh=replace(config.mesh, max_triangles=arguments.triangles))
    if arguments.scale:
        config = replace(config, known_scale=replace(config.known_scale, **{
            name: getattr(arguments.scale, name) for name in SCALE_FIELDS}))
    if arguments.fast:
        _refuse_beside_fast(arguments)
    if not config.refinement and config.final_depth == FinalDepthConfig():
        config = replace(config, final_depth=None)  # it is on by default, and cannot be without
    refuse_unused(config)
    return config


@contextmanager
def refusing_what_cannot_work(arguments: Namespace) -> Iterator[None]:
    """A `with` block that tries the configuration: what fails in it is the fault of --config or --set, where one was
    given, since the limits of single fields are not known. Raises BadInputError then."""
    try:
        yield
    except MonofuseError:
        raise
    except Exception as error:
        if not (arguments.config or arguments.set):
            raise
        reason = one_line(error, 120)
        raise BadInputError(f"SLAM cannot work with this configuration ({type(error).__name__}: {reason}): check the "
                            f"values of --config and --set") from error


def asks_for_learning(arguments: Namespace) -> bool:
    """Whether the user asked for something that only a network that learns can do."""
    return arguments.adapt in ("end", "live") or bool(arguments.save_network) or arguments.passes == 2


def open_learning(arguments: Namespace, config: SlamConfig, depth: SensorDepth | NetworkDepth, sequence: Sequence,
                  screen: Screen) -> Learning | None:
    """The network as it can learn this source, None where it shall not or cannot. Raises BadInputError where it was
    asked for in vain."""
    wanted = asks_for_learning(arguments)
    is_off = arguments.adapt == "off" or arguments.fast
    if not isinstance(depth, NetworkDepth) or is_off or (not wanted and is_live(sequence)):
        if wanted:
            raise BadInputError("--save-network and --passes 2 need a network that learns: leave out --adapt off")
        return None
    if arguments.save_network:
        _require_network_path(arguments.save_network)
    if not config.final_depth:
        if wanted:
            raise BadInputError("the network learns from the keyframes' final depth: leave out final_depth=null")
        return None
    with screen.status("opening the network for learning"):
        try:
            return Learning(depth.estimator)
        except MonofuseError as error:
            if wanted:
                raise
            screen.print(f"adapt      off, which costs detail and one pass of two (docs/adaptation.md): {error}")
            return None


def _require_network_path(path: Path) -> None:
    """Raise BadInputError where no network can be saved there, before a run has been for nothing."""
    if path.suffix not in (".safetensors", ".onnx"):
        raise BadInputError(f"--save-network {path}: give a file that ends in .safetensors or .onnx")
    if not path.parent.is_dir():
        raise BadInputError(f"--save-network {path}: there is no folder {path.parent}")


def open_second_pass(arguments: Namespace, config: SlamConfig, depth: SensorDepth | NetworkDepth, sequence: Sequence,
                     rectifier: Rectifier, mask: ViewMask) -> SecondPass | None:
    """How SLAM runs over the source again, None where that is not wanted or impossible. Raises BadInputError."""
    if arguments.passes == 2 and arguments.map:
        raise BadInputError("--passes 2 is not for --map: only the first pass goes on in a map")
    if arguments.passes == 2 and (is_live(sequence) or not sequence.frame_count):
        raise BadInputError(f"--passes 2 is for recordings: {sequence.name} cannot be read twice")
    if arguments.passes == 1 or arguments.fast or arguments.map or not isinstance(depth, NetworkDepth):
        return None
    if is_live(sequence) or not sequence.frame_count:
        return None

    def frames(estimator: DepthEstimator, stage_times: StageTimes) -> Iterator[Frame]:
        options = source_options(arguments, depth, lambda line: None)  # all was told in the first pass
        source = open_with_camera(arguments.source, options, sequence.camera)
        seen = map(mask.again().added, rectified(source, rectifier))
        learnt = NetworkDepth(depth.description, estimator, depth.only_keyframes)
        return learnt.added(seen, source, rectifier.camera, stage_times)
    return SecondPass(frames, sequence.frame_count, rectifier.camera, config)


def open_map(arguments: Namespace) -> SavedMap | None:
    """The map that --map names. Raises BadInputError."""
    if arguments.localise and not arguments.map:
        raise BadInputError("--localise needs --map RESULT: in which map?")
    if arguments.scale and arguments.map:
        raise BadInputError("--scale is not for --map: the map has its scale, which `monofuse measure` corrects")
    return SavedMap(arguments.map) if arguments.map else None


def open_slam(saved: SavedMap | None, camera: Camera, config: SlamConfig, arguments: Namespace, screen: Screen
              ) -> SlamSystem:
    """An empty system, or one that goes on in a saved map. Raises BadInputError where that and `config` do not fit."""
    if not saved:
        return SlamSystem(camera, config)
    system = finished(restored(saved, config, is_extended=True), "reading the map", screen)
    system.only_localises = arguments.localise
    screen.print(f"map        {saved.path}: {saved.keyframe_count} keyframes"
                 f"{', nothing is added to it' if arguments.localise else ''}")
    return system


def open_mask(arguments: Namespace, sequence: Sequence, rectifier: Rectifier, screen: Screen) -> ViewMask:
    """What of the images is to be used. Raises BadInputError where --mask is no mask for them."""
    if not arguments.mask or arguments.mask == NO_MASK:
        return ViewMask(rectifier.seen, searches=arguments.mask != NO_MASK, tell=screen.print)
    classes = open_class_mask(arguments.mask, ViewMask(rectifier.seen, tell=screen.print), is_live(sequence))
    if classes:
        screen.print(f"mask       {arguments.mask}: what it finds in an image is ignored, {classes.pace}")
        return classes
    usable = rectifier.mask(read_mask(arguments.mask, rectifier.source))
    usable = usable if rectifier.seen is None else usable & rectifier.seen
    screen.print(f"mask       {arguments.mask}: {1 - usable.mean():.0%} of the image is ignored")
    return ViewMask(usable)


def open_recorder(arguments: Namespace, sequence: Sequence, screen: Screen) -> Recorder | NoRecorder:
    """A recorder of a live source where --record asks for it. Raises BadInputError for a source that is no camera."""
    if not arguments.record:
        return NoRecorder()
    if not is_live(sequence):
        raise BadInputError(f"--record is for cameras: {arguments.source} is a recording already")
    return Recorder(arguments.record, sequence, screen.print)


def introduce(arguments: Namespace, sequence: Sequence, rectifier: Rectifier, depth: SensorDepth | NetworkDepth,
              screen: Screen) -> None:
    """Say what was chosen: source, camera, configuration, depth."""
    count = f"{sequence.frame_count} frames" if sequence.frame_count else "frames as they come"
    screen.print(f"source     {sequence.name}: {count}, {rectifier.camera.describe()}")
    if rectifier.source.is_distorted:
        screen.print(f"rectified  {rectifier.describe_loss()}")
    if arguments.config or arguments.set:
        settings = [f"{name}={text}" for name, text in arguments.set]
        screen.print(" ".join(["config    ", *([str(arguments.config)] if arguments.config else []), *settings]))
    screen.print(f"depth      {depth.description}{_other_depth(arguments, sequence)}")
    if depth.licence:
        screen.print(f"licence    {depth.licence}")


def _refuse_beside_fast(arguments: Namespace) -> None:
    for name, is_given in ((f"--adapt {arguments.adapt}", arguments.adapt in ("end", "live")),
                           ("--passes 2", arguments.passes == 2), ("--save-network", arguments.save_network)):
        if is_given:
            raise BadInputError(f"{name} is work after the last frame, which --fast leaves out: choose one of the two")


def _refuse_network_options(arguments: Namespace) -> None:
    for name, value, default in (("--depth-option", arguments.depth_option, []), ("--network", arguments.network, None),
                                 ("--predict", arguments.predict, PREDICT[0]),
                                 ("--runtime", arguments.runtime, "auto"), ("--scale", arguments.scale, None),
                                 ("--adapt", arguments.adapt, "off"), ("--passes", arguments.passes, 1),
                                 ("--save-network", arguments.save_network, None)):
        if value not in (None, default):
            raise BadInputError(f"{name} is for networks: leave out --depth sensor")


def _other_depth(arguments: Namespace, sequence: Sequence) -> str:
    """How to choose another depth, for who chose none."""
    if arguments.depth:
        return ""
    return f"; {'--depth sensor takes recorded depth, ' if sequence.has_depth else ''}--depth FILE another network"
