"""`python -m calib COMMAND`: calibrate a camera with a printed board, print one, look at a calibration."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from rich.console import Console
from rich.live import Live

from calib.base.command_line import OneLineParser, columns_and_rows, exit_code, name_of, whole_number
from calib.base.errors import CalibrationError
from calib.boards.board import DICTIONARIES, MARKER_SHARE, Board
from calib.boards.grids import FAMILIES, AprilGrid, CircleGrid
from calib.boards.page import smallest_paper, write_page
from calib.boards.picture import coverage_picture
from calib.boards.solution import LENSES, solve
from calib.boards.variety import coverage, doubts, empty_regions, missing_views
from calib.boards.views import AnyBoard, ViewCollection
from calib.boards.wanted import Wanted
from calib.files.atomic_file import write_file
from calib.files.image_file import encode_png
from calib.formats.calibration_file import describe_format, read_calibration, write_calibration
from calib.geometry.any_size import AnySizeCamera, UnsizedCamera
from calib.geometry.calibration import without_depth
from calib.geometry.rectification import Rectifier, field_of_view_deg
from calib.unknown_camera import open_uncalibrated
from sequences.prefetch import ahead
from sequences.sequence import SourceOptions, is_live

MAX_LOOKED_AT = 400
"""Images of a long recording that are looked at, evenly spread."""
USUAL_STRIDE = 5
"""Images of a recording of unknown length from one that is looked at to the next."""
SHADES = " ░▒▓█"


def main(argv: Sequence[str] | None = None, program: str = "python -m calib") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: _run(argv, program))


def _run(argv, program):
    arguments = _parser(program).parse_args(argv)
    arguments.run(arguments)


def calibrate(arguments: argparse.Namespace) -> None:
    """Pictures of a board -> a YAML that run_slam takes, and a PNG next to it. The PNG is written in any case."""
    board = arguments.board_of(arguments)
    collection = collect(arguments.source, board, arguments.lens, arguments.max_frames)
    print(collection.describe())
    for line in collection.describe_lost():
        print(f"left out    {line}")
    solution, reasons = None, missing_views(collection.views, collection.size)
    try:
        if not reasons:
            solution = solve(board, collection.views, collection.size, arguments.lens)
            reasons = doubts(solution, collection.size)
    finally:
        picture = arguments.output.with_suffix(".png")
        if collection.views:
            write_file(picture, encode_png(coverage_picture(collection, solution)))
    if reasons or solution is None:
        seen = f"; what there is shows in {picture}" if collection.views else \
            f"; does the board have {board.describe_size()} {arguments.counted}?"
        raise CalibrationError(f"these views do not tell the camera; it takes {'; '.join(reasons)}{seen}")
    for line in _describe(solution):
        print(line)
    if empty := empty_regions(collection.views, collection.size):
        print(f"note        no corners in the {', '.join(empty)} of the image: there the lens is extrapolated")
    write_calibration(arguments.output, without_depth(solution.camera), _remarks(solution, board))
    print(f"written to {arguments.output}, the corners and the undistorted view to {picture}")


def collect(source: str, board: AnyBoard, lens: str, max_frames: int | None = None) -> ViewCollection:
    """Source as run_slam takes it -> ViewCollection. Ctrl-C ends it with what there is."""
    collection = ViewCollection(board)
    wanted = Wanted(collection, lens)
    console = Console(highlight=False)
    sequence = open_uncalibrated(source, SourceOptions(max_frames=max_frames, tell=console.print))
    stride = _stride(sequence)
    with Live(console=console, auto_refresh=False, redirect_stdout=False) as screen, suppress(KeyboardInterrupt), \
            closing(ahead(sequence, sequence)) as frames:
        for frame in frames:
            if frame.index % stride:
                continue
            photo = sequence.photos[frame.index].name if sequence.photos else f"image {frame.index}"
            collection.add(photo, frame.rgb)
            missing = wanted.reasons() if is_live(sequence) else missing_views(collection.views, collection.size)
            if console.is_terminal:
                screen.update("\n".join(progress_lines(collection, missing)), refresh=True)
            if is_live(sequence) and not missing:
                break
    if not collection.looked_at:
        raise CalibrationError(f"{source}: no image could be read")
    return collection


def _stride(sequence):
    """Every how-manieth image is looked at. Of a camera, whatever is the newest when the one before is done with."""
    if is_live(sequence):
        return 1
    return -(-sequence.frame_count // MAX_LOOKED_AT) if sequence.frame_count else USUAL_STRIDE


def progress_lines(collection: ViewCollection, missing: Sequence[str]) -> list[str]:
    """Where in the image corners have been, as text, and what is still missing."""
    counts = coverage(collection.views, collection.size, (8, 24))
    shades = [[SHADES[min(len(SHADES) - 1, int(count))] for count in row] for row in counts]
    return ["+" + "-" * 24 + "+", *("|" + "".join(row) + "|" for row in shades), "+" + "-" * 24 + "+",
            collection.describe(), "missing: " + ("; ".join(missing) or "nothing")]


def print_board(arguments: argparse.Namespace) -> None:
    board = _board(arguments, arguments.kind == "charuco")
    size_mm = write_page(arguments.output, board, arguments.square_mm)
    paper = smallest_paper(size_mm)
    print(f"{arguments.output}: {size_mm[0]:.0f} x {size_mm[1]:.0f} mm, " +
          (f"fits {paper}" if paper else "larger than any common paper") +
          "; print at 100 %, glue it to something flat, keep the white margin")
    if paper != "A4":
        print("for A4, fewer or smaller squares: --squares, --square-mm")


def show(arguments: argparse.Namespace) -> None:
    camera = read_calibration(arguments.file).camera
    print(f"{describe_format(arguments.file)}: {camera.describe()}")
    if isinstance(camera, AnySizeCamera):
        return
    across, down = field_of_view_deg(camera)
    print(f"field of view {across:.1f} x {down:.1f} degrees, distortion "
          f"{', '.join(f'{k:g}' for k in camera.distortion) or 'none'}")
    if camera.is_distorted and not isinstance(camera, UnsizedCamera):
        rectifier = Rectifier(camera)
        print(f"rectified {rectifier.camera.describe()}; {rectifier.describe_loss()}")


def _describe(solution):
    camera = solution.camera
    across, down = field_of_view_deg(camera)
    spread = f" +- {solution.focal_std_px:.2f}" if solution.focal_std_px else ""
    yield f"camera      {camera.describe()}"
    yield f"focal       {camera.focal_px:.2f}{spread} pixels, {across:.1f} x {down:.1f} degrees"
    yield f"distortion  {', '.join(f'{k:.5g}' for k in camera.distortion)}"
    yield f"rms error   {solution.rms_px:.3f} pixels over {len(solution.views)} views"
    for view, error_px in solution.outliers:
        yield f"left out    {view.name}: {error_px:.2f} pixels off"
    yield f"undistorted {Rectifier(camera).describe_loss()}"


def _remarks(solution, board):
    kind = type(board).__name__ if not isinstance(board, Board) else \
        f"ChArUco board {board.dictionary}" if board.dictionary else "chessboard"
    yield f"From {len(solution.views)} views of a {kind} of {board.describe_size()}, " \
          f"rms error {solution.rms_px:.3f} pixels."


def _board(arguments, with_markers):
    if with_markers:
        return Board(arguments.squares, arguments.dictionary, arguments.marker_share, arguments.legacy)
    return Board(arguments.squares)


def _parser(program):
    parser = OneLineParser(prog=program,
                           description="calibrate a camera with a printed board, print one, look at a calibration")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (help_text, add, board_of, counted) in PATTERNS.items():
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.add_argument("source", metavar="SOURCE", help="a folder of images, a video, a camera: as in run_slam")
        add(command)
        command.add_argument("--lens", choices=LENSES, default="brown",
                             help="; ".join(f"{lens}: {text}" for lens, text in LENSES.items()) + " (default: brown)")
        command.add_argument("--output", type=_yaml_file, default=Path("calibration.yaml"), metavar="FILE.yaml",
                             help="the calibration; FILE.png goes next to it (default: calibration.yaml)")
        command.add_argument("--max-frames", type=whole_number(1), metavar="N", help="look at no more than N images")
        command.set_defaults(run=calibrate, board_of=board_of, counted=counted)
    command = commands.add_parser("board", help="write a board to be printed, in true size")
    command.add_argument("kind", choices=("chessboard", "charuco"))
    _add_board(command, with_markers=True)
    command.add_argument("--square-mm", type=_millimetres, default=25.0, metavar="MM", help="(default: 25)")
    command.add_argument("--output", type=Path, default=Path("board.pdf"), metavar="FILE",
                         help=".pdf or .png (default: board.pdf)")
    command.set_defaults(run=print_board)
    command = commands.add_parser("show", help="say what a calibration file of any kind means")
    command.add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=show)
    return parser


def _add_board(command, with_markers):
    command.add_argument("--squares", type=columns_and_rows, default=(10, 7), metavar="CxR",
                         help="squares (not corners) of the board, columns x rows (default: 10x7)")
    if with_markers:
        command.add_argument("--dictionary", choices=DICTIONARIES, default="4x4_50", metavar="NAME",
                             help=f"the markers of a ChArUco board, one of {', '.join(DICTIONARIES)} (default: 4x4_50)")
        command.add_argument("--marker-share", type=float, default=MARKER_SHARE, metavar="SHARE",
                             help=f"side of a marker in squares (default: {MARKER_SHARE})")
        command.add_argument("--legacy", action="store_true", help="a board as OpenCV made them before version 4.6")


def _add_tags(command):
    command.add_argument("--tags", type=columns_and_rows, default=(6, 6), metavar="CxR",
                         help="tags, columns x rows (default: 6x6)")
    command.add_argument("--spacing", type=float, default=0.3, metavar="SHARE",
                         help="gap between tags in sides of a tag, Kalibr's tagSpacing (default: 0.3)")
    command.add_argument("--family", choices=FAMILIES, default="36h11", help="of the tags (default: 36h11)")


def _add_circles(command):
    command.add_argument("--circles", type=columns_and_rows, default=(4, 11), metavar="CxR",
                         help="circles, columns x rows (default: 4x11)")
    command.add_argument("--symmetric", action="store_true", help="rows are not shifted against each other")


PATTERNS = {
    "chessboard": ("calibrate with pictures of a chessboard", lambda command: _add_board(command, False),
                   lambda arguments: _board(arguments, False), "squares (not corners) and a white margin"),
    "charuco": ("calibrate with pictures of a ChArUco board, of which a part will do",
                lambda command: _add_board(command, True), lambda arguments: _board(arguments, True),
                "squares (not corners) and a white margin"),
    "aprilgrid": ("calibrate with pictures of an AprilTag grid (Kalibr's), of which a part will do", _add_tags,
                  lambda arguments: AprilGrid(arguments.tags, arguments.spacing, arguments.family), "tags"),
    "circles": ("calibrate with pictures of a grid of circles", _add_circles,
                lambda arguments: CircleGrid(arguments.circles, not arguments.symmetric), "circles")}
"""Commands: help, what adds their options, what makes the board of these, and what is counted on it."""


def _millimetres(text):
    with suppress(ValueError):
        if 1 <= float(text) <= 1000:
            return float(text)
    raise argparse.ArgumentTypeError(f"expected 1 to 1000 mm, not {text!r}")


def _yaml_file(text):
    if Path(text).suffix not in (".yaml", ".yml"):
        raise argparse.ArgumentTypeError(f"expected a name that ends in .yaml, not {text!r}")
    return Path(text)


if __name__ == "__main__":
    sys.exit(main())
