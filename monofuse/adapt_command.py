"""`monofuse depth adapt`: SLAM over recordings of one camera, and a network that has learnt all of them.

A command of `depth` by its name; it is here because it needs SLAM, which depth knows nothing of.
"""

import argparse
from collections.abc import Iterable, Iterator

from calib.base.command_line import path_of, whole_number
from calib.base.errors import BadInputError
from calib.geometry.rectification import Rectifier, rectified
from depth.adaptation.adapter import SUFFIXES, Adapter
from depth.adaptation.config import AdaptationConfig
from depth.runtimes.default_network import NAME
from monofuse.arguments import parse_arguments
from monofuse.depth_stage import NetworkDepth
from monofuse.frames_ahead import prepared_ahead
from monofuse.interface.screen import Screen
from monofuse.learning import targets
from monofuse.opening import configuration, introduce, open_depth, open_source
from monofuse.session import Session
from monofuse.warm_up import prepare
from slam.system import SlamSystem

HELP = "train a network on your own recordings, by the depth that SLAM finds in them"
STEPS_PER_RECORDING = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recordings", nargs="+", metavar="RECORDING", help="as SOURCE of `monofuse run`")
    parser.add_argument("--save", type=path_of, required=True, metavar="FILE",
                        help="where the adapted network goes (.safetensors, .onnx), for --depth FILE")
    parser.add_argument("--depth", default=NAME, metavar="NAME|FILE",
                        help=f"the network to begin with (default: {NAME})")
    parser.add_argument("--calibration", type=path_of, metavar="auto|FILE", help="as for `monofuse run`, for all")
    parser.add_argument("--max-frames", type=whole_number(1), metavar="N", help="of each recording")
    parser.add_argument("--steps", type=whole_number(1), metavar="N",
                        help=f"steps of training (default: {STEPS_PER_RECORDING} per recording)")


def run(arguments: argparse.Namespace) -> Iterator[str]:
    """-> lines, as the work goes on. Nothing is written before all of it is done. Raises MonofuseError."""
    if arguments.save.suffix not in SUFFIXES:
        raise BadInputError(f"--save {arguments.save}: an adapted network is saved as {' or '.join(SUFFIXES)}")
    screen = Screen()
    runs = [run_arguments(arguments, source) for source in arguments.recordings]
    depth = open_depth(runs[0], screen, configuration(runs[0]))
    assert isinstance(depth, NetworkDepth), "--depth has a default that is a network"
    steps = arguments.steps or STEPS_PER_RECORDING * len(runs)
    adapter = Adapter(depth.estimator, AdaptationConfig(steps=steps))
    known = []
    for each in runs:
        found = targets(slam_over(each, depth, screen))
        known += found
        yield f"{each.source}: {len(found)} keyframes"
    _shown(adapter.steps(known), "training", screen)
    adapter.save(arguments.save)
    yield f"{arguments.save}: learnt {len(known)} keyframes in {steps} steps; use it as --depth {arguments.save}"


def run_arguments(arguments: argparse.Namespace, source: str) -> argparse.Namespace:
    """What `monofuse run` would be started with."""
    words = [source, "--depth", arguments.depth]
    for name, value in (("--calibration", arguments.calibration), ("--max-frames", arguments.max_frames)):
        words += [name, str(value)] if value else []
    return parse_arguments(words)


def slam_over(arguments: argparse.Namespace, depth: NetworkDepth, screen: Screen) -> SlamSystem:
    """SLAM over one recording, up to its keyframes' final depth. Raises MonofuseError."""
    sequence, _ = open_source(arguments, depth, screen)
    rectifier, config = Rectifier(sequence.camera), configuration(arguments)
    introduce(arguments, sequence, rectifier, depth, screen)
    slam = SlamSystem(rectifier.camera, config)
    prepare(config, screen)
    frames = depth.added(rectified(sequence, rectifier), sequence, rectifier.camera, slam.stage_times)
    session = Session(sequence, slam)
    session.track(prepared_ahead(frames, sequence, slam.preparation), screen)
    session.raise_first_failure()
    _shown(slam.adjust_all(), "adjusting all keyframes", screen)
    _shown(slam.estimate_depth(), "estimating the keyframes' depth", screen)
    return slam


def _shown(shares: Iterable[float], text: str, screen: Screen) -> None:
    with screen.status(text) as status:
        for share in shares:
            status.update(f"{text}: {share:.0%}")
