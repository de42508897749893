"""From arguments to the objects of a run: depth, source, configuration, recorder, viewer."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from calib.base.errors import BadInputError, MonofuseError
from calib.focal.estimate import FocalEstimate
from calib.geometry.rectification import Rectifier
from calib.unknown_camera import estimate_source, open_with_camera
from depth.runtimes.catalogue import open_estimator
from depth.runtimes.default_network import NAME as OUR_NETWORK
from depth.runtimes.default_network import weights_of
from monofuse.arguments import AUTO, chosen_depth
from monofuse.configuration import refuse_unused, with_file, with_setting
from monofuse.depth_stage import NetworkDepth, SensorDepth
from monofuse.interface.screen import Screen
from monofuse.interface.stand_ins import NoRecorder, NoViewer
from sequences.cameras.recorder import Recorder
from sequences.catalogue import open_sequence
from sequences.sequence import Sequence, SourceOptions, is_live
from slam.config import SlamConfig
from slam.keyframe_depth.final_map import FinalMapConfig
from slam.system import SlamSystem

if TYPE_CHECKING:
    from monofuse.interface.viewer import Viewer

SCALE_FIELDS = ("factor", "height_m", "board", "square_m", "recorded_depth", "recorded_poses")
"""What --scale sets."""
SCALE_DEPTH_EVERY = 2
"""Of every n-th frame measured depth is read for `--scale depth`: half of the keyframes are enough. A source of which
every frame's is asked for refuses to open without."""


def open_depth(arguments: Namespace, screen: Screen) -> SensorDepth | NetworkDepth:
    """Where depth comes from. Raises BadInputError where an option does not fit, or a network cannot be run."""
    if chosen_depth(arguments) == "sensor":
        return SensorDepth("sensor" + _why_sensor(arguments))
    with screen.status("opening the network") as status:
        estimator = open_estimator(
            weights_of(arguments.depth), dict(arguments.depth_option), arguments.runtime, arguments.device,
            network=arguments.network,
            progress=lambda share: status.update(f"building the network's engine, once: {share:.0%}"))
    return NetworkDepth(f"{arguments.depth}, {estimator.note}", estimator)


def open_source(arguments: Namespace, depth: SensorDepth | NetworkDepth, screen: Screen
                ) -> tuple[Sequence, FocalEstimate | None]:
    """-> the source, and the estimate that its camera comes from where --calibration is `auto`."""
    wants_depth = bool(arguments.scale and arguments.scale.recorded_depth)
    options = SourceOptions(calibration_file=arguments.calibration,
                            depth_every=SCALE_DEPTH_EVERY if wants_depth else depth.sensor_depth_every,
                            max_frames=arguments.max_frames, seed=arguments.seed,
                            keep_depth=bool(arguments.record), tell=screen.print)
    if arguments.calibration != AUTO:
        return open_sequence(arguments.source, options), None
    with screen.status("estimating the focal length"):
        estimate = estimate_source(arguments.source, options)
    screen.print(f"focal      {estimate.describe()}")
    return open_with_camera(arguments.source, options, estimate.camera), estimate


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
    if arguments.final:
        config = replace(config, final_map=config.final_map or FinalMapConfig())
    if arguments.scale:
        config = replace(config, known_scale=replace(config.known_scale, **{
            name: getattr(arguments.scale, name) for name in SCALE_FIELDS}))
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
        reason = " ".join(str(error).split())[:120]
        raise BadInputError(f"SLAM cannot work with this configuration ({type(error).__name__}: {reason}): check the "
                            f"values of --config and --set") from error


def open_recorder(arguments: Namespace, sequence: Sequence, screen: Screen) -> Recorder | NoRecorder:
    """A recorder of a live source where --record asks for it. Raises BadInputError for a source that is no camera."""
    if not arguments.record:
        return NoRecorder()
    if not is_live(sequence):
        raise BadInputError(f"--record is for cameras: {arguments.source} is a recording already")
    return Recorder(arguments.record, sequence, screen.print)


def open_viewer(arguments: Namespace, slam: SlamSystem, screen: Screen) -> Viewer | NoViewer:
    """A live view in a browser where --viewer asks for it."""
    if not arguments.viewer:
        return NoViewer()
    from monofuse.interface.viewer import Viewer
    viewer = Viewer(slam)
    screen.print(f"viewer     {viewer.address}")
    return viewer


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
    screen.print(f"depth      {depth.description}")


def _refuse_network_options(arguments: Namespace) -> None:
    for name, value, default in (("--depth-option", arguments.depth_option, []), ("--network", arguments.network, None),
                                 ("--runtime", arguments.runtime, "auto"), ("--scale", arguments.scale, None),
                                 ("--final", arguments.final, False)):
        if value != default:
            raise BadInputError(f"{name} is for networks: give --depth {OUR_NETWORK} or --depth FILE too")


def _why_sensor(arguments: Namespace) -> str:
    if arguments.depth:
        return ""
    if arguments.source.startswith("synthetic"):
        return " (the exact depth of the synthetic room)"
    return " (no --depth given, so the recorded depth is used)"
