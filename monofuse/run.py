"""RGB video in, metric camera trajectory and coloured mesh out: one run, from the arguments to the files."""

import collections.abc
from argparse import Namespace
from pathlib import Path

from calib.base.command_line import exit_code, name_of
from calib.geometry.rectification import Rectifier, rectified
from monofuse.arguments import parse_arguments
from monofuse.configuration_list import listed
from monofuse.interface.screen import Screen
from monofuse.interface.stop_signal import StopSignal
from monofuse.opening import (
    configuration,
    introduce,
    open_depth,
    open_recorder,
    open_source,
    open_viewer,
    refusing_what_cannot_work,
)
from monofuse.results.files import ResultFolder
from monofuse.saving import save_camera, save_mesh_and_report, save_trajectory_and_map
from monofuse.session import Session
from monofuse.warm_up import prepare
from sequences.prefetch import ahead
from slam.system import SlamSystem


def main(argv: collections.abc.Sequence[str] | None = None, program: str = "python run_slam.py") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: run(parse_arguments(argv, program), Screen()))


def run(arguments: Namespace, screen: Screen) -> None:
    """Arguments -> objects -> loop -> files. Whatever went wrong on the way is raised after saving."""
    config = configuration(arguments)
    if arguments.list_config:
        screen.print(listed(config).rstrip())
        return
    depth = open_depth(arguments, screen)
    sequence, estimate = open_source(arguments, depth, screen)
    folder = ResultFolder(arguments.output or Path("results") / sequence.name)
    recorder = open_recorder(arguments, sequence, screen)
    rectifier = Rectifier(sequence.camera)
    introduce(arguments, sequence, rectifier, depth, screen)
    with refusing_what_cannot_work(arguments):
        slam = SlamSystem(rectifier.camera, config)
        prepare(config, screen)
    viewer = open_viewer(arguments, slam, screen)
    frames = rectified(recorder.tap(sequence), rectifier)
    frames = ahead(depth.added(frames, sequence, rectifier.camera, slam.stage_times), sequence)
    session = Session(sequence, slam, recorder, viewer)
    with StopSignal() as stop:
        session.track(stop.until_stopped(frames), screen)
        session.improve(stop, screen)
        save_trajectory_and_map(session, folder, arguments)
        session.end_recording()
        save_camera(session, folder, estimate)
        stop.end_at_once()
        save_mesh_and_report(session, folder, arguments, stop, screen)
    session.raise_first_failure()
