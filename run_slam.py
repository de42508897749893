#!/usr/bin/env python3
"""RGB video in, metric camera path and coloured mesh out. See README.md, or `python run_slam.py --help`."""

import json
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from calib.base.command_line import OneLineParser, exit_code, name_and_value, whole_number
from calib.base.errors import BadInputError, MonofuseError, SourceError
from calib.formats.calibration_file import calibration_text
from calib.geometry.calibration import without_depth
from calib.geometry.rectification import Rectifier, rectified
from calib.unknown_camera import estimate_source, open_with_camera
from depth.runtimes.catalogue import CHOICES as RUNTIMES
from depth.runtimes.catalogue import open_estimator
from depth.runtimes.default_network import NAME as OUR_NETWORK
from depth.runtimes.default_network import weights_of
from monofuse.depth_stage import with_predicted_depth, with_sensor_depth
from monofuse.overview import draw_overview, draw_surfel_overview
from monofuse.report import RunCounter, build_report, table_rows
from monofuse.result_files import (
    ESTIMATED_CAMERA,
    MESH_FORMATS,
    ResultFolder,
    mesh_file,
    png,
    surfels_ply,
    trajectory_text,
)
from monofuse.screen import Screen
from monofuse.stop_signal import Interrupted, StopSignal
from monofuse.warm_up import warm_up
from sequences.cameras.recorder import Recorder
from sequences.cameras.stream import without_password
from sequences.catalogue import SOURCES, open_sequence
from sequences.prefetch import ahead
from sequences.sequence import SourceOptions, is_live
from slam.config import SlamConfig
from slam.evaluation import DepthErrors, evaluate_trajectory
from slam.keyframe_depth.final_map import FinalMapConfig
from slam.meshing.poisson import MeshConfig, build_mesh, open3d
from slam.scale.known_scale import FORMS, ScaleConfig, parse_scale
from slam.system import SlamSystem
from slam.tracking.pyramid import inverse_depth_on

AUTO = Path("auto")
DEPTH_CHECK_EVERY = 10
"""With a network, its depth is compared to the sensor's on every n-th frame, where there is a sensor's."""
MOST_SURFELS = 100_000_000


def main(argv=None):
    """-> exit code"""
    return exit_code("run_slam", lambda: run(parse_arguments(argv), Screen()))


def run(arguments, screen):
    """Arguments -> objects -> loop -> files. What went wrong is raised after saving."""
    network = open_network(arguments, screen)
    sequence, estimate = open_source(arguments, network, screen)
    folder = ResultFolder(arguments.output or Path("results") / sequence.name)
    recorder = open_recorder(arguments, sequence, screen)
    rectifier = Rectifier(sequence.camera)
    slam = SlamSystem(rectifier.camera, configuration(arguments, network))
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


def parse_arguments(argv):
    parser = OneLineParser(prog="run_slam", description=__doc__, epilog="exit code: 0 done, 1 the run failed, 2 bad "
                           "input, 130 ended by Ctrl-C, 143 by kill; whatever ends a run, what was done is saved")
    parser.add_argument("source", nargs="?", default="synthetic", metavar="SOURCE",
                        help=f"`synthetic`, a dataset's folder, images, a video, `webcam:0`, `realsense`, a stream's "
                             f"URL, or NAME:PATH with NAME one of {', '.join(SOURCES)} (default: synthetic)")
    parser.add_argument("--output", type=Path, metavar="DIR",
                        help="where results go, in place of those of an older run (default: results/NAME)")
    parser.add_argument("--depth", metavar="sensor|NAME|FILE",
                        help=f"where depth comes from: the source itself (default), our network `{OUR_NETWORK}`, or one "
                             f"in an .onnx, .safetensors or .pth file")
    parser.add_argument("--depth-option", type=name_and_value, action="append", default=[], metavar="NAME=VALUE",
                        help="how the network wants its images and what it predicts: layout, channels, range, mean, "
                             "std, output, error, scale, focal_px, size; overrides FILE.yaml; may be repeated")
    parser.add_argument("--network", metavar="NAME",
                        help="whose weights a .safetensors or .pth file holds, where it does not say itself")
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto",
                        help="what runs the network (default: the fastest that can; it is told which)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where the network runs")
    parser.add_argument("--calibration", type=Path, metavar="auto|FILE",
                        help="camera calibration: ours, or that of ROS, COLMAP, Kalibr, OpenCV, TUM, EuRoC or "
                             "ORB-SLAM; `auto` estimates the focal length from the first seconds")
    parser.add_argument("--scale", type=parse_scale, metavar="FACTOR|height=M|board=...",
                        help=f"how large everything is, where the network's word is not enough: {FORMS}: times the "
                             f"network's scale, the camera's height above the floor when it starts, or a board in view")
    parser.add_argument("--record", type=Path, metavar="DIR",
                        help="record a live source there (TUM layout, lossless) while it runs, to replay it later")
    parser.add_argument("--max-frames", type=whole_number(1), metavar="N", help="stop after N frames")
    parser.add_argument("--max-surfels", type=whole_number(1000, MOST_SURFELS), default=1_500_000, metavar="N",
                        help="cap on the map; the least certain surfels make way (default: 1500000)")
    parser.add_argument("--mesh", choices=MESH_FORMATS, action="append", default=[],
                        help="also write the mesh in this format, beside mesh.ply; may be repeated")
    parser.add_argument("--final", action="store_true",
                        help="with a network: estimate all keyframes' depth again in the end, and build the map anew; "
                             "takes about 0.1 s and 0.3 MB per keyframe")
    parser.add_argument("--viewer", action="store_true", help="watch in a browser while it runs")
    parser.add_argument("--seed", type=whole_number(0), default=0, metavar="N",
                        help="which synthetic room, where SOURCE does not say (default: 0)")
    return parser.parse_args(argv)


def chosen_depth(arguments):
    """`sensor`, the name of our network, or the file of another."""
    return arguments.depth or "sensor"


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


def configuration(arguments, network):
    config = SlamConfig.for_network() if network else SlamConfig.for_sensor()
    return replace(config, surfels=replace(config.surfels, max_surfels=arguments.max_surfels),
                   final_map=FinalMapConfig() if arguments.final else None,
                   known_scale=arguments.scale or ScaleConfig())


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


class Session:
    """The loop over all frames, and what came of it."""

    def __init__(self, sequence, slam, recorder=None):
        self.sequence, self.slam, self.recorder = sequence, slam, recorder
        self.counter = RunCounter()
        self.depth_errors = DepthErrors()
        self.saw_depth = False
        self.ended = "failed"
        self.failures = []

    @contextmanager
    def attempt(self):
        """A `with` block that an error ends early; the error is kept and the run goes on behind it."""
        try:
            yield
        except Exception as error:
            self.failures.append(error)

    def track(self, frames, screen, viewer):
        """Process every frame, and settle what came of them, however they ended."""
        saw_all = False
        with self.attempt(), screen.progress(self.sequence.frame_count) as progress:
            start = time.perf_counter()
            for frame in frames:
                self.step(frame, viewer)
                self.counter.loop_s = time.perf_counter() - start
                progress.update(frame.index + 1, self.counter.describe())
            saw_all = True
        if self.failures and isinstance(self.failures[0], Interrupted):
            self.ended = "interrupted"
        with self.attempt():
            self.slam.finish()
            if saw_all:
                self.require_path()
                self.ended = "complete"

    def improve(self, stop, screen):
        """What can be done when there are no more frames, and may be left out."""
        for text, steps in (("adjusting all keyframes", self.slam.adjust_all()),
                            ("building the final map", self.slam.rebuild())):
            with self.attempt(), screen.status(text) as status:
                for share in stop.patiently(steps):
                    status.update(f"{text}: {share:.0%} (Ctrl-C leaves it out)")

    def step(self, frame, viewer):
        result = self.slam.process(frame)
        self.counter.add(result)
        if frame.arrived_s is not None:
            self.slam.stage_times.add("latency", 1e3 * (time.monotonic() - frame.arrived_s))
        self.saw_depth = self.saw_depth or frame.depth is not None and bool(frame.depth.depth_m.any())
        if self.is_to_compare(frame) and result.depth is not None:
            self.depth_errors.add(result.depth.inverse_depth,
                                  inverse_depth_on(self.slam.camera, frame.sensor_depth, is_measured=True))
        if viewer:
            viewer.show(frame, result)

    def is_to_compare(self, frame):
        """Whether the network's depth shall be compared to the sensor's; a recorded camera has that for every frame."""
        return (frame.sensor_depth is not None and not self.slam.config.depth_is_measured
                and frame.index % DEPTH_CHECK_EVERY == 0)

    def end_recording(self):
        """Write what still waits to be recorded."""
        if self.recorder:
            with self.attempt():
                self.recorder.close()

    def live_counts(self):
        """What the report says of a camera; of other sources that nothing was dropped."""
        if not is_live(self.sequence):
            return {"dropped": 0}
        counts = {"dropped": self.counter.missed, "reconnected": self.sequence.reconnected}
        if self.recorder:
            counts |= {"recorded": self.recorder.recorded, "left_out_of_recording": self.recorder.left_out}
        return counts

    def require_path(self):
        """Raise where the frames gave no path."""
        frames, skipped = self.counter.read, self.sequence.skipped.reasons
        reason = f" ({skipped[0]})" if skipped else ""
        if not frames:
            raise SourceError(f"{self.sequence.name}: no frame could be read{reason}")
        if not self.saw_depth:
            raise SourceError(f"{self.sequence.name}: none of {frames} frames has a depth map with readings in it"
                              f"{reason}: choose another --depth, or check depth_scale in the calibration")
        if not self.counter.tracked:
            raise MonofuseError(f"none of {frames} frames offered enough texture with depth to start from")
        if self.counter.status["lost"] and self.counter.tracked == len(self.slam.submaps()):
            raise MonofuseError(f"of {frames} frames all were lost after the first that was usable: is this one "
                                f"continuous recording of a textured scene, and does the calibration belong to it?")

    def scores(self):
        """Errors against the truth, where the source has one."""
        scores = self.depth_errors.summary()
        if self.sequence.ground_truth is not None:
            scores |= evaluate_trajectory(*self.slam.trajectory(), *self.sequence.ground_truth)
        return scores


def save_path_and_map(session, folder, arguments):
    """Write what takes no time, so that it is there whatever happens to the mesh."""
    slam = session.slam
    with session.attempt():
        folder.clear()
    with session.attempt():
        folder.write("trajectory.txt", trajectory_text(*slam.trajectory()))
    with session.attempt():
        folder.write("map.ply", surfels_ply(slam.map_of(slam.main_submap), slam.keyframes.T_world_key))
    with session.attempt():
        for record in slam.submaps()[1:]:
            number = record["submap"]
            folder.write(f"part_{number}_trajectory.txt", trajectory_text(*slam.trajectory(number)))
            folder.write(f"part_{number}_map.ply", surfels_ply(slam.map_of(number), slam.keyframes.T_world_key))
    with suppress(Exception):  # the final report will say so
        save_report(build_report(shown(arguments), session, ["ended before the mesh was complete"]), folder)


def save_camera(session, folder, estimate):
    """Write the camera that was estimated, so that it can be given the next time."""
    if estimate:
        with session.attempt():
            text = calibration_text(without_depth(estimate.camera), [f"Focal length {estimate.describe()}"])
            folder.write(ESTIMATED_CAMERA, text.encode())


def save_mesh_and_report(session, folder, arguments, screen):
    """Write the mesh in all formats, a picture of it, and the report that then holds; show the report."""
    slam, mesh = session.slam, None
    if session.counter.tracked:
        with session.attempt(), screen.status("building the mesh (Ctrl-C leaves it out)"):
            mesh = build_mesh(slam.map_of(slam.main_submap), slam.keyframes.T_world_key,
                              MeshConfig(joins_layers=not slam.config.depth_is_measured))
            for file_format in dict.fromkeys(["ply", *arguments.mesh]):
                with session.attempt():
                    folder.write(f"mesh.{file_format}", mesh_file(mesh, file_format))
    with session.attempt():
        folder.write("overview.png", png(overview(session, mesh)))
    with session.attempt():
        report = build_report(shown(arguments), session, [])
        with session.attempt():
            save_report(report, folder)
        screen.rows(table_rows(report) + [("problem", problem) for problem in
                                          report["problems"][bool(session.failures):]])
        screen.print(f"results in {folder.path}")


def shown(arguments):
    """Arguments as the report may show them: without the password of a camera in the network."""
    return vars(arguments) | {"source": without_password(arguments.source)}


def overview(session, mesh):
    slam, caption = session.slam, session.sequence.name
    _, T_world_cam = slam.trajectory()
    if mesh is None:
        return draw_surfel_overview(slam.map_of(slam.main_submap), slam.keyframes.T_world_key, T_world_cam, caption)
    return draw_overview(mesh, T_world_cam, caption)


def save_report(report, folder):
    folder.write("report.json", json.dumps(report, indent=1, default=str).encode())


if __name__ == "__main__":
    sys.exit(main())
