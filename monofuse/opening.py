"""From arguments to the objects of a run: network, source, configuration, recorder, viewer."""

from dataclasses import replace

from calib.base.errors import BadInputError
from calib.unknown_camera import estimate_source, open_with_camera
from depth.runtimes.catalogue import open_estimator
from depth.runtimes.default_network import NAME as OUR_NETWORK
from depth.runtimes.default_network import weights_of
from monofuse.arguments import AUTO, chosen_depth
from monofuse.configuration import with_file, with_setting
from monofuse.depth_stage import with_predicted_depth, with_sensor_depth
from monofuse.session import DEPTH_CHECK_EVERY
from sequences.cameras.recorder import Recorder
from sequences.catalogue import open_sequence
from sequences.prefetch import ahead
from sequences.sequence import SourceOptions, is_live
from slam.config import SlamConfig
from slam.keyframe_depth.final_map import FinalMapConfig


def open_network(arguments, screen):
    """-> depth.estimator.DepthEstimator, or None where depth is the sensor's."""
    if chosen_depth(arguments) == "sensor":
        given = [name for name, value, default in (
            ("--depth-option", arguments.depth_option, []), ("--network", arguments.network, None),
            ("--runtime", arguments.runtime, "auto"), ("--scale", arguments.scale, None),
            ("--final", arguments.final, False)) if value != default]
        if given:
            raise BadInputError(f"{given[0]} is for networks: give --depth {OUR_NETWORK} or --depth FILE too")
        return None
    with screen.status("opening the network") as status:
        return open_estimator(
            weights_of(arguments.depth), dict(arguments.depth_option), arguments.runtime, arguments.device,
            network=arguments.network,
            progress=lambda share: status.update(f"building the network's engine, once: {share:.0%}"))


def open_source(arguments, network, screen):
    """-> Sequence, and the FocalEstimate that its camera comes from where --calibration is `auto`, else None."""
    options = SourceOptions(calibration_file=arguments.calibration, depth_every=DEPTH_CHECK_EVERY if network else 1,
                            max_frames=arguments.max_frames, seed=arguments.seed,
                            keep_depth=bool(arguments.record), tell=screen.print)
    if arguments.calibration != AUTO:
        return open_sequence(arguments.source, options), None
    with screen.status("estimating the focal length"):
        estimate = estimate_source(arguments.source, options)
    screen.print(f"focal      {estimate.describe()}")
    return open_with_camera(arguments.source, options, estimate.camera), estimate


def configuration(arguments):
    """-> SlamConfig: the defaults for measured or predicted depth, then --config, then each --set, then the options
    that have a name of their own. Raises BadInputError."""
    is_measured = chosen_depth(arguments) == "sensor"
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
            name: getattr(arguments.scale, name) for name in ("factor", "height_m", "board", "square_m")}))
    return config


def open_recorder(arguments, sequence, screen):
    """A recorder of a live source, or None."""
    if not arguments.record:
        return None
    if not is_live(sequence):
        raise BadInputError(f"--record is for cameras: {arguments.source} is a recording already")
    return Recorder(arguments.record, sequence, screen.print)


def open_viewer(arguments, slam, screen):
    """A viewer that has been told to open, or None."""
    if not arguments.viewer:
        return None
    from monofuse.viewer import Viewer
    viewer = Viewer(slam)
    screen.print(f"viewer     {viewer.address}")
    return viewer


def introduce(arguments, sequence, rectifier, network, screen):
    count = f"{sequence.frame_count} frames" if sequence.frame_count else "frames as they come"
    screen.print(f"source     {sequence.name}: {count}, {rectifier.camera.describe()}")
    if rectifier.source.is_distorted:
        screen.print(f"rectified  {rectifier.describe_loss()}")
    if arguments.config or arguments.set:
        settings = [f"{name}={text}" for name, text in arguments.set]
        screen.print(" ".join(["config    ", *([str(arguments.config)] if arguments.config else []), *settings]))
    note = f", {network.note}" if network else ""
    if not arguments.depth:
        note = " (the exact depth of the synthetic room)" if arguments.source.startswith("synthetic") else \
               " (no --depth given, so the recorded depth is used)"
    screen.print(f"depth      {chosen_depth(arguments)}{note}")


def with_depth(frames, network, slam, camera, sequence):
    """Frames with the depth that SLAM shall use, predicted in a thread of its own."""
    if network:
        return with_predicted_depth(ahead(frames, sequence), network, camera, slam.stage_times)
    return with_sensor_depth(frames)
