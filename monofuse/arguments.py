"""What the user typed after the program's name."""

import argparse
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from calib.base.command_line import OneLineParser, columns_and_rows, name_and_value, path_of, whole_number
from calib.boards.board import DICTIONARIES, Board
from depth.runtimes.catalogue import CHOICES as RUNTIMES
from depth.runtimes.default_network import NAME as OUR_NETWORK
from monofuse.results.files import MESH_FORMATS
from sequences.catalogue import SOURCES
from slam.mapping.surfels import SurfelConfig
from slam.scale.known_scale import ScaleConfig

RECORDED = {"depth": ScaleConfig(recorded_depth=True), "poses": ScaleConfig(recorded_poses=True)}
"""Values of --scale that take it from what the recording brings along."""
FORMS = "a factor as 1.07, height=METRES, board=COLUMNSxROWS,SQUARE_METRES[,DICTIONARY[,MARKER_SHARE]], depth or poses"
FACTORS, HEIGHTS_M, SQUARES_M = (0.01, 100.0), (0.05, 100.0), (0.001, 10.0)
"""Least and greatest values of --scale; what lies outside is a typing mistake."""
DESCRIPTION = "RGB video in, metric camera trajectory and coloured mesh out."
AUTO = Path("auto")
ADAPT = ("off", "end", "live")
PREDICT = ("auto", "keyframes", "all")
MAX_SURFELS_CAP = 100_000_000


def parse_arguments(argv: Sequence[str] | None, program: str = "python run_slam.py") -> argparse.Namespace:
    """`program` is how it was started, for the usage. Raises BadInputError."""
    parser = OneLineParser(prog=program, description=DESCRIPTION, epilog="exit code: 0 done, 1 the run failed, 2 "
                           "bad input, 130 ended by Ctrl-C, 143 by kill; whatever ends a run, what was done is saved")
    parser.add_argument("source", nargs="?", default="synthetic", metavar="SOURCE",
                        help=f"`synthetic`, a dataset's folder, images, a video, `webcam:0`, `realsense`, a stream's "
                             f"URL, or NAME:PATH with NAME one of {', '.join(SOURCES)} (default: synthetic)")
    parser.add_argument("--output", type=path_of, metavar="DIR",
                        help="where results go, in place of those of an older run (default: results/NAME)")
    add_options(parser)
    return parser.parse_args(argv)


def add_options(parser: argparse.ArgumentParser) -> None:
    """All options of a run but where its frames come from and where its results go."""
    _map_options(parser)
    _depth_options(parser)
    _source_options(parser)
    _mesh_options(parser)
    _end_options(parser)
    _configuration_options(parser)
    _views_options(parser)
    parser.add_argument("--seed", type=whole_number(0), default=0, metavar="N",
                        help="which synthetic room, where SOURCE does not say (default: 0)")


def _map_options(parser: argparse.ArgumentParser) -> None:
    """Going on in a saved map."""
    parser.add_argument("--map", type=path_of, metavar="RESULT",
                        help="go on in the map of an earlier run (its folder, or the map.db in it): the camera is "
                             "looked for in it, and what is new is added in its world and scale; that result stays as "
                             "it is, unless it is the --output")
    parser.add_argument("--localise", action="store_true",
                        help="with --map: only say where the camera is in that map, and change nothing")


def _depth_options(parser: argparse.ArgumentParser) -> None:
    """Where depth comes from, and what runs the network."""
    parser.add_argument("--depth", metavar="sensor|NAME|FILE|ORG/MODEL",
                        help=f"where depth comes from: our network `{OUR_NETWORK}` (default) or `mobile-open` (trained "
                             f"on data that allow any use), one in an .onnx, .safetensors or .pth file, the source "
                             f"itself (`sensor`), or a model of the Hugging Face hub: a short name that `depth list` "
                             f"shows, ORG/MODEL[@REVISION], or a folder with its files")
    parser.add_argument("--depth-option", type=name_and_value, action="append", default=[], metavar="NAME=VALUE",
                        help="how the network wants its images and what it predicts: layout, channels, range, mean, "
                             "std, output, error, scale, focal_px, size; overrides FILE.yaml; may be repeated")
    parser.add_argument("--predict", choices=PREDICT, default=PREDICT[0],
                        help="which frames the network runs on: `keyframes`, whose depth alone makes the map, or `all` "
                             "(default: keyframes, unless the configuration fuses every frame)")
    parser.add_argument("--network", metavar="NAME",
                        help="whose weights a .safetensors or .pth file holds, where it does not say itself")
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto",
                        help="what runs the network (default: TensorRT on an NVIDIA GPU, else ONNX Runtime; the "
                             "program says which)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where the network runs")


def _source_options(parser: argparse.ArgumentParser) -> None:
    """The camera, and what is taken from its images."""
    parser.add_argument("--calibration", type=path_of, metavar="auto|FILE",
                        help="camera calibration: ours, or that of ROS, COLMAP, Kalibr, OpenCV, TUM, EuRoC or "
                             "ORB-SLAM (default: the source's own or the file next to it, else `auto`, which "
                             "estimates the focal length from frames that its motion chooses)")
    parser.add_argument("--topic", metavar="NAME",
                        help="of a bag of ROS with several cameras: the topic of images to take, such as "
                             "/camera/color/image_raw")
    parser.add_argument("--mask", metavar="FILE|NETWORK.onnx[:CLASS]|none",
                        help="image, black or transparent where something is always in view that does not belong to "
                             "the scene (robot, tripod, vignette), or a segmentation network whose CLASS (default: 15, "
                             "people) is ignored; by default what never moves in the first images is ignored, with "
                             "`none` nothing is")
    parser.add_argument("--scale", type=parse_scale, metavar="FACTOR|height=M|board=...|depth|poses",
                        help=f"how large everything is, where the network's word is not enough: {FORMS}: times the "
                             f"network's scale, the camera's height above the floor when it starts, a board in view, "
                             f"or the depth or poses that the recording has besides its images")
    parser.add_argument("--record", type=path_of, metavar="DIR",
                        help="record a live source there (TUM layout, lossless) while it runs, to replay it later")
    parser.add_argument("--max-frames", type=whole_number(1), metavar="N", help="stop after N frames")


def _mesh_options(parser: argparse.ArgumentParser) -> None:
    """How large the map may be, and the forms of the mesh."""
    parser.add_argument("--max-surfels", type=whole_number(1000, MAX_SURFELS_CAP), metavar="N",
                        help=f"cap on the map; the least certain surfels make way (default: "
                             f"{SurfelConfig.max_surfels})")
    parser.add_argument("--mesh", choices=MESH_FORMATS, action="append", default=[],
                        help="also write the mesh in this format, next to mesh.ply and mesh.glb, which are always "
                             "there; may be repeated")


def _end_options(parser: argparse.ArgumentParser) -> None:
    """What follows the last frame."""
    parser.add_argument("--adapt", choices=ADAPT,
                        help="whether the network learns what it sees: after the last frame (`end`, default for "
                             "recordings; takes about a minute), also while the camera runs (`live`, experimental), or "
                             "not (`off`)")
    parser.add_argument("--passes", type=int, choices=(1, 2),
                        help="2: run over a recording again with what the network has learnt, and keep the better "
                             "result (default for recordings where the network learns)")
    parser.add_argument("--save-network", type=path_of, metavar="FILE",
                        help="keep the network that has learnt, for --depth FILE in the same place (.safetensors, "
                             ".onnx)")
    parser.add_argument("--fast", action="store_true",
                        help="leave out everything after the last frame but a quick mesh: no adjustment of all "
                             "keyframes, no learning, no second pass, no texture")
    parser.add_argument("--final", action="store_true", help=argparse.SUPPRESS)  # the default now
    parser.add_argument("--triangles", type=whole_number(100), metavar="N",
                        help="triangles that the mesh has at most (default: as many as its detail warrants)")


def _configuration_options(parser: argparse.ArgumentParser) -> None:
    """Settings of SLAM, and what is told of them."""
    parser.add_argument("--config", type=path_of, metavar="FILE",
                        help="configuration of SLAM, or a part of it: YAML, or the report.json of an earlier run, "
                             "whose SOURCE and --depth have to be given again")
    parser.add_argument("--set", type=name_and_value, action="append", default=[], metavar="NAME=VALUE",
                        help="one field of it, as in tracker.samples=1000 or adjustment=null; overrides FILE, later "
                             "ones override earlier ones, and options such as --max-surfels all of them")
    parser.add_argument("--list-config", action="store_true",
                        help="print the configuration that these arguments give, with what every field means, and end")
    parser.add_argument("--verbose", action="store_true",
                        help="also print the times of all stages, memory, and what report.json says besides")


def _views_options(parser: argparse.ArgumentParser) -> None:
    """Watching, while it runs and afterwards."""
    parser.add_argument("--viewer", action="store_true",
                        help="watch and steer it in a browser while it runs; shows the result until that is closed")
    parser.add_argument("--viewer-host", metavar="HOST", default="127.0.0.1",
                        help="where --viewer listens (default: 127.0.0.1, for this machine alone; 0.0.0.0 for all who "
                             "get hold of its address)")
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the viewer to be closed after the run")
    parser.add_argument("--rerun", metavar="FILE.rrd|viewer",
                        help="log images, depth, trajectory and map for rerun, to a file or to its viewer")
    parser.add_argument("--no-scene", action="store_true",
                        help="write no scene.html, the result in one page for any browser (about as large as mesh.glb)")


def chosen_depth(arguments: argparse.Namespace) -> str:
    """`sensor`, the name of our network, or the file of another."""
    return arguments.depth or OUR_NETWORK


def parse_scale(text: str) -> ScaleConfig:
    """An argparse type: one of FORMS."""
    if text in RECORDED:
        return RECORDED[text]
    name, separator, value = text.partition("=")
    if not separator:
        return ScaleConfig(factor=_number(text, text, FACTORS))
    if name == "height":
        return ScaleConfig(height_m=_number(value, text, HEIGHTS_M))
    size, *rest = value.split(",")
    if name != "board" or not 1 <= len(rest) <= 3:
        raise argparse.ArgumentTypeError(f"expected {FORMS}, not {text!r}")
    if rest[1:] and rest[1] not in DICTIONARIES:
        raise argparse.ArgumentTypeError(f"no dictionary {rest[1]!r}; there are {', '.join(DICTIONARIES)}")
    markers = [rest[1], *(_number(share, text, (0.2, 0.95)) for share in rest[2:])] if rest[1:] else []
    return ScaleConfig(board=Board(columns_and_rows(size), *markers), square_m=_number(rest[0], text, SQUARES_M))


def _number(word: str, text: str, limits: tuple[float, float]) -> float:
    with suppress(ValueError):
        if limits[0] <= float(word) <= limits[1]:
            return float(word)
    raise argparse.ArgumentTypeError(
        f"expected {FORMS}, {word!r} being a number from {limits[0]:g} to {limits[1]:g}, not {text!r}")
