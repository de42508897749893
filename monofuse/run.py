"""RGB video in, metric camera trajectory and coloured mesh out: one run, from the arguments to the files."""

import collections.abc
from argparse import Namespace
from contextlib import nullcontext
from pathlib import Path

from calib.base.command_line import exit_code, name_of
from calib.geometry.rectification import Rectifier, rectified
from monofuse.arguments import parse_arguments
from monofuse.configuration_list import listed
from monofuse.frames_ahead import prepared_ahead
from monofuse.interface.screen import Screen
from monofuse.interface.stop_signal import StopSignal
from monofuse.live_learning import live_learning
from monofuse.opening import (
    asks_for_learning,
    configuration,
    introduce,
    open_depth,
    open_learning,
    open_map,
    open_mask,
    open_recorder,
    open_second_pass,
    open_slam,
    open_source,
    refusing_what_cannot_work,
)
from monofuse.results.run_counter import RunCounter
from monofuse.results.run_folder import RunFolder
from monofuse.saving import (
    open_recording_of_map,
    save_camera,
    save_localisation,
    save_meanwhile,
    save_mesh_and_report,
    save_network,
    save_pictures,
    save_trajectory_and_map,
)
from monofuse.session import Session
from monofuse.viewing import open_log, open_viewer, stay
from monofuse.warm_up import prepare
from sequences.sequence import is_live


def main(argv: collections.abc.Sequence[str] | None = None, program: str = "python run_slam.py") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: run(parse_arguments(argv, program), Screen()))


def run(arguments: Namespace, screen: Screen) -> Session | None:
    """Arguments -> objects -> loop -> files. Whatever went wrong on the way is raised after saving."""
    counter = RunCounter()
    config = configuration(arguments)
    if arguments.list_config:
        screen.print(listed(config).rstrip())
        return None
    depth = open_depth(arguments, screen, config)
    config = depth.configured(config)
    sequence, estimate = open_source(arguments, depth, screen)
    saved = open_map(arguments)
    folder = RunFolder(arguments.output or Path("results") / sequence.name)
    if saved:
        folder.refuse_to_replace(saved.path)
    recorder = open_recorder(arguments, sequence, screen)
    rectifier = Rectifier(sequence.camera, saved.camera if saved else None)
    introduce(arguments, sequence, rectifier, depth, screen)
    mask = open_mask(arguments, sequence, rectifier, screen)
    with refusing_what_cannot_work(arguments):
        prepare(config, screen)
        slam = open_slam(saved, rectifier.camera, config, arguments, screen)
        session = Session(sequence, slam, recorder, counter=counter)
    session.viewer, session.log = open_viewer(arguments, session, folder, screen), open_log(arguments, session)
    learning = open_learning(arguments, config, depth, sequence, screen) if asks_for_learning(arguments) else None
    again = open_second_pass(arguments, config, depth, sequence, rectifier, mask)
    with folder, StopSignal() as stop:
        with session.attempt():
            session.map = open_recording_of_map(session, saved, folder, arguments)
        if saved:
            saved.close()
        with live_learning(depth, session.slam, screen) if arguments.adapt == "live" else nullcontext():
            frames = mask.added_to_all(rectified(recorder.tap(sequence), rectifier), is_live(sequence))
            frames = depth.added(frames, sequence, rectifier.camera, session.live_times)
            frames = prepared_ahead(frames, sequence, slam.preparation)
            session.track(stop.until_stopped(session.viewer.heeded(frames)), screen)
        # Not before: until here a live run has no use for torch, which takes seconds and memory to load.
        if arguments.localise:
            save_localisation(session, folder, arguments, screen)
            session.raise_first_failure()
            return session
        learning = learning or open_learning(arguments, config, depth, sequence, screen)
        if learning:
            save_meanwhile(session, folder, arguments)
        if not arguments.fast:
            session.improve(stop, screen, learning, again)
        save_trajectory_and_map(session, folder, arguments)
        session.end_recording()
        save_camera(session, folder, estimate)
        save_network(session, learning, arguments.save_network, screen)
        save_pictures(session, folder)
        stop.end_at_once()
        save_mesh_and_report(session, folder, arguments, stop, screen)
        stay(session, folder, arguments, stop, screen)
    session.raise_first_failure()
    return session
