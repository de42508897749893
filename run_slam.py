#!/usr/bin/env python3
"""RGB video in, metric camera path and coloured mesh out. See README.md, or `python run_slam.py --help`."""

import argparse
import json
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from calib.errors import BadInputError, MonofuseError, OutputError
from calib.rectification import Rectifier, rectified
from sequences.catalogue import SOURCES, open_sequence
from sequences.prefetch import prefetch
from sequences.sequence import SourceOptions
from slam.depth_stage import with_predicted_depth, with_sensor_depth
from slam.evaluation import DepthErrors, evaluate_trajectory
from slam.export import MESH_FORMATS, ResultFolder, mesh_file, png, surfels_ply, trajectory_text
from slam.mesh import MeshConfig, build_mesh
from slam.overview import draw_overview
from slam.pyramid import inverse_depth_on
from slam.report import RunCounter, build_report, table_rows
from slam.system import SlamConfig, SlamSystem
from slam.warm_up import warm_up

DEPTH_CHECK_EVERY = 10
"""With a network, its depth is compared to the sensor's on every n-th frame, where there is a sensor's."""

console = Console(highlight=False, soft_wrap=True)


def main(argv=None):
    try:
        return run(parse_arguments(argv))
    except MonofuseError as error:
        print(f"run_slam: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("run_slam: interrupted", file=sys.stderr)
        return 130


def run(arguments):
    """Arguments -> objects -> loop -> files. Returns the exit code."""
    uses_sensor = chosen_depth(arguments) == "sensor"
    sequence = open_sequence(arguments.source, SourceOptions(
        calibration_file=arguments.calibration, depth_every=1 if uses_sensor else DEPTH_CHECK_EVERY,
        max_frames=arguments.max_frames, seed=arguments.seed))
    folder = ResultFolder(arguments.output or Path("results") / sequence.name)
    rectifier = Rectifier(sequence.camera)
    config = SlamConfig.for_sensor() if uses_sensor else SlamConfig.for_network()
    config = replace(config, surfels=replace(config.surfels, max_surfels=arguments.max_surfels))
    slam = SlamSystem(rectifier.camera, config)
    frames = rectified(sequence, rectifier)
    if uses_sensor:
        frames = with_sensor_depth(frames)
    else:
        frames = with_predicted_depth(prefetch(frames), open_network(arguments), rectifier.camera, slam.stage_times)
    introduce(arguments, sequence, rectifier)
    viewer = open_viewer(arguments, slam)
    with console.status("preparing (the first start on a machine compiles for a minute or two)"):
        warm_up(config)
    session = Session(sequence, slam)
    try:
        session.track(prefetch(frames), viewer)
    finally:
        problems = save(session, folder, arguments)
    if session.failure:
        raise session.failure
    if problems:
        raise OutputError("; ".join(problems))
    if not session.counter.tracked:
        raise MonofuseError(f"none of {session.counter.read} frames offered enough texture with depth to start from")
    return 130 if session.ended == "interrupted" else 0


def parse_arguments(argv):
    parser = OneLineParser(prog="run_slam", description=__doc__)
    parser.add_argument("source", nargs="?", default="synthetic", metavar="SOURCE",
                        help=f"`synthetic`, a folder (TUM layout or images), a video file, or NAME:PATH with NAME one "
                             f"of {', '.join(SOURCES)} (default: synthetic)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where results go (default: results/NAME)")
    parser.add_argument("--depth", metavar="sensor|FILE.onnx",
                        help="where depth comes from (default: the source's own, where it has any)")
    parser.add_argument("--depth-option", action="append", default=[], metavar="NAME=VALUE",
                        help="how the network wants its images and what it predicts: layout, channels, range, mean, "
                             "std, output, scale, focal_px, size; overrides FILE.yaml; may be repeated")
    parser.add_argument("--runtime", choices=("auto", "onnx"), default="auto", help="what runs the network")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where the network runs")
    parser.add_argument("--calibration", type=Path, metavar="FILE", help="camera calibration (YAML)")
    parser.add_argument("--max-frames", type=positive, metavar="N", help="stop after N frames")
    parser.add_argument("--max-surfels", type=positive, default=1_500_000, metavar="N",
                        help="cap on the map; the least certain surfels make way (default: 1500000)")
    parser.add_argument("--mesh", choices=MESH_FORMATS, action="append", default=[],
                        help="also write the mesh in this format, beside mesh.ply; may be repeated")
    parser.add_argument("--viewer", action="store_true", help="watch in a browser while it runs")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which synthetic room (default: 0)")
    return parser.parse_args(argv)


class OneLineParser(argparse.ArgumentParser):
    """Mistakes in one line, like every other bad input."""

    def error(self, message):
        raise BadInputError(f"{message}; see run_slam.py --help")


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def chosen_depth(arguments):
    """`sensor` or the network file. The project has no network of its own yet."""
    return arguments.depth or "sensor"


def open_network(arguments):
    """-> depth.estimator.DepthEstimator"""
    from depth.onnx_runtime import OnnxDepth
    if Path(arguments.depth).suffix != ".onnx":
        raise BadInputError(f"--depth {arguments.depth}: expected `sensor` or an .onnx file")
    options = {}
    for option in arguments.depth_option:
        name, separator, value = option.partition("=")
        if not separator:
            raise BadInputError(f"--depth-option {option}: expected NAME=VALUE, as in scale=0.01")
        options[name] = value
    return OnnxDepth(arguments.depth, options, arguments.device)


def open_viewer(arguments, slam):
    """A viewer that has been told to open, or None."""
    if not arguments.viewer:
        return None
    from slam.viewer import Viewer
    viewer = Viewer(slam)
    console.print(f"viewer     {viewer.address}")
    return viewer


def introduce(arguments, sequence, rectifier):
    count = f"{sequence.frame_count} frames" if sequence.frame_count else "frames as they come"
    console.print(f"source     {sequence.name}: {count}, {rectifier.camera.describe()}")
    depth = chosen_depth(arguments)
    note = ""
    if not arguments.depth:
        note = " (the exact depth of the synthetic room)" if arguments.source.startswith("synthetic") else \
               " (no --depth given, so the recorded depth is used)"
    console.print(f"depth      {depth}{note}")


class Session:
    """The loop over all frames, and what came of it."""

    def __init__(self, sequence, slam):
        self.sequence, self.slam = sequence, slam
        self.counter = RunCounter()
        self.depth_errors = DepthErrors()
        self.ended = "failed"
        self.failure = None
        self.interrupt_wanted = self.in_frame = False

    def track(self, frames, viewer):
        """Process every frame. Ctrl-C ends it after the frame at hand; so does bad input half-way, kept in failure."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self.on_signal)
        start = time.perf_counter()
        try:
            with progress_bar() as bar:
                task = bar.add_task("tracking", total=self.sequence.frame_count)
                for frame in frames:
                    self.in_frame = True
                    self.step(frame, viewer)
                    self.in_frame = False
                    self.counter.loop_s = time.perf_counter() - start
                    bar.update(task, completed=frame.index + 1, description=self.counter.describe())
                    if self.interrupt_wanted:
                        raise KeyboardInterrupt
            self.ended = "complete"
        except KeyboardInterrupt:
            self.ended = "interrupted"
        except MonofuseError as error:
            self.failure = error
        finally:
            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, signal.SIG_DFL)

    def step(self, frame, viewer):
        result = self.slam.process(frame)
        self.counter.add(result)
        if frame.sensor_depth is not None and result.depth is not None and not self.slam.config.depth_is_measured:
            self.depth_errors.add(result.depth.inverse_depth,
                                  inverse_depth_on(self.slam.camera, frame.sensor_depth, is_measured=True))
        if viewer:
            viewer.show(frame, result)

    def on_signal(self, *_):
        """Half a frame must not be lost: a signal inside one waits for its end."""
        if not self.in_frame:
            raise KeyboardInterrupt
        self.interrupt_wanted = True

    def scores(self):
        """Errors against the truth, where the source has one."""
        scores = self.depth_errors.summary()
        if self.sequence.ground_truth is not None:
            scores |= evaluate_trajectory(*self.slam.trajectory(), *self.sequence.ground_truth)
        return scores


def save(session, folder, arguments):
    """Write everything there is; what cannot be made or written is left out. -> list of problems, a line each."""
    slam = session.slam
    times_s, T_world_cam = slam.trajectory()
    T_world_key = slam.keyframes.T_world_key
    problems = []

    def attempt(make):
        try:
            return make()
        except MonofuseError as error:
            problems.append(str(error))
            return None

    attempt(lambda: folder.write("trajectory.txt", trajectory_text(times_s, T_world_cam)))
    attempt(lambda: folder.write("map.ply", surfels_ply(slam.surfels, T_world_key)))
    if len(times_s):
        with console.status("building the mesh"):
            mesh = attempt(lambda: build_mesh(slam.surfels, T_world_key, MeshConfig()))
        if mesh is not None:
            for file_format in dict.fromkeys(["ply", *arguments.mesh]):
                attempt(lambda: folder.write(f"mesh.{file_format}", mesh_file(mesh, file_format)))
            attempt(lambda: folder.write("overview.png", png(draw_overview(mesh, T_world_cam, session.sequence.name))))
    report = build_report(vars(arguments), session, problems)
    attempt(lambda: folder.write("report.json", json.dumps(report, indent=1, default=str).encode()))
    show(report, folder)
    return problems


def show(report, folder):
    table = Table(show_header=False, box=None, pad_edge=False)
    for row in table_rows(report):
        table.add_row(*row)
    console.print(table)
    console.print(f"results in {folder.path}")


def progress_bar():
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                    console=console)


if __name__ == "__main__":
    sys.exit(main())
