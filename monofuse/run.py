"""RGB video in, metric camera path and coloured mesh out. See README.md, or `python run_slam.py --help`."""

from pathlib import Path

from calib.base.command_line import exit_code
from calib.geometry.rectification import Rectifier, rectified
from monofuse.arguments import parse_arguments
from monofuse.configuration_list import listed
from monofuse.opening import configuration, introduce, open_network, open_recorder, open_source, open_viewer, with_depth
from monofuse.result_files import ResultFolder
from monofuse.results import save_camera, save_mesh_and_report, save_path_and_map
from monofuse.screen import Screen
from monofuse.session import Session
from monofuse.stop_signal import StopSignal
from monofuse.warm_up import warm_up
from sequences.prefetch import ahead
from slam.meshing.poisson import open3d
from slam.system import SlamSystem


def main(argv=None):
    """-> exit code"""
    return exit_code("run_slam", lambda: run(parse_arguments(argv), Screen()))


def run(arguments, screen):
    """Arguments -> objects -> loop -> files. What went wrong is raised after saving."""
    config = configuration(arguments)
    if arguments.list_config:
        screen.print(listed(config).rstrip())
        return
    network = open_network(arguments, screen)
    sequence, estimate = open_source(arguments, network, screen)
    folder = ResultFolder(arguments.output or Path("results") / sequence.name)
    recorder = open_recorder(arguments, sequence, screen)
    rectifier = Rectifier(sequence.camera)
    slam = SlamSystem(rectifier.camera, config)
    viewer = open_viewer(arguments, slam, screen)
    introduce(arguments, sequence, rectifier, network, screen)
    with screen.status("preparing (the first start on a machine compiles for a minute or two)"):
        open3d()
        warm_up(slam.config)
    frames = recorder.tap(sequence) if recorder else sequence
    frames = ahead(with_depth(rectified(frames, rectifier), network, slam, rectifier.camera, sequence), sequence)
    session = Session(sequence, slam, recorder)
    with StopSignal() as stop:
        session.track(stop.until_stopped(frames), screen, viewer)
        session.improve(stop, screen)
        save_path_and_map(session, folder, arguments)
        session.end_recording()
        save_camera(session, folder, estimate)
        stop.end_at_once()
        save_mesh_and_report(session, folder, arguments, screen)
    if session.failures:
        raise session.failures[0]
