"""`monofuse export RESULT --format NAME --output DIR`: the map of a result in the form of another program."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from calib.base.command_line import OneLineParser, exit_code, name_of, path_of
from calib.base.errors import BadInputError
from calib.files.atomic_file import write_file
from monofuse.export.las_file import las_files
from monofuse.export.posed_images import PosedImage, colmap_files, nerfstudio_files
from monofuse.export.trajectory_files import euroc_files, kitti_files, tum_files
from monofuse.interface.screen import Screen
from monofuse.maps.restore import restored
from monofuse.maps.saved_map import SavedMap
from monofuse.results.files import require_new_folder, surfels_ply
from monofuse.results.outcome import finished

if TYPE_CHECKING:
    from slam.system import SlamSystem

DESCRIPTION = "Write the keyframes of a result with images and depth, its points, or a trajectory, for other programs."
Files = Iterator[tuple[str, bytes]]
WITH_IMAGES: dict[str, Callable[..., Files]] = {"colmap": colmap_files, "nerfstudio": nerfstudio_files}
TRAJECTORIES: dict[str, Callable[..., Files]] = {"tum": tum_files, "kitti": kitti_files, "euroc": euroc_files}
POINTS = ("ply", "las")
MAX_DROPPED = 1_000_000


def main(argv: Sequence[str] | None = None, program: str = "monofuse export") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: run(parse_arguments(argv, program), Screen()))


def parse_arguments(argv: Sequence[str] | None, program: str) -> argparse.Namespace:
    """Raises BadInputError."""
    parser = OneLineParser(prog=program, description=DESCRIPTION)
    parser.add_argument("result", type=path_of, metavar="RESULT", help="folder of a run, or the map.db in it")
    parser.add_argument("--format", required=True, choices=(*WITH_IMAGES, *POINTS, *TRAJECTORIES),
                        help="colmap, nerfstudio: keyframes with images and depth; ply, las: the points of the map, "
                             "coloured; tum, kitti, euroc: the trajectory of the last recording")
    parser.add_argument("--output", required=True, type=path_of, metavar="DIR", help="new folder for the files")
    parser.add_argument("--drop", type=rows_of, default=frozenset(), metavar="ROW,ROW,FIRST-LAST",
                        help="keyframes to leave out, by their numbers in the names of exported images")
    return parser.parse_args(argv)


def rows_of(text: str) -> frozenset[int]:
    """An argparse type: `3,5-7` -> {3, 5, 6, 7}."""
    rows = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal() and int(last or first) <= MAX_DROPPED):
            raise argparse.ArgumentTypeError(f"expected numbers of keyframes as in 3,5-7, not {text!r}")
        rows |= {*range(int(first), int(last or first) + 1)}
    return frozenset(rows)


def run(arguments: argparse.Namespace, screen: Screen) -> None:
    """Read the map, write the files. Raises MonofuseError."""
    require_new_folder(arguments.output)
    with SavedMap(arguments.result) as saved:
        refuse_missing(arguments.drop, saved.keyframe_count)
        slam = finished(restored(saved), "reading the map", screen) if arguments.format in POINTS else None
        with screen.status("exporting") as status:
            for name, data in points_of(slam, arguments) if slam else files_of(saved, arguments):
                status.update(f"exporting: {name}")
                write_file(arguments.output / name, data)
    screen.print(f"exported  for {arguments.format}: {arguments.output}")


def refuse_missing(dropped: frozenset[int], count: int) -> None:
    """Raise BadInputError where --drop names keyframes that are not among so many."""
    missing = sorted(row for row in dropped if row >= count)
    if missing:
        raise BadInputError(f"--drop {missing[0]}: the map has keyframes 0 to {count - 1}")


def points_of(slam: SlamSystem, arguments: argparse.Namespace) -> Files:
    """Name and content of the file with the surfels of the part that the results show."""
    is_wanted = slam.keyframes.submap == slam.map.main_submap
    is_wanted[[*arguments.drop]] = False
    surfels, T_world_key = slam.surfels.of_keyframes(is_wanted), slam.keyframes.T_world_key
    rows = surfels.select(0)
    if not len(rows):
        raise BadInputError("--drop leaves no point to export")
    if arguments.format == "ply":
        yield "points.ply", surfels_ply(surfels, T_world_key)
        return
    points, _ = surfels.world_points(rows, T_world_key)
    yield from las_files(points, np.round(surfels.arrays.colour[rows]).astype(np.uint8))


def files_of(saved: SavedMap, arguments: argparse.Namespace) -> Files:
    """Names and contents of all files of a format. Of several parts that are not joined, that with most frames of the
    last recording is written, as in its results."""
    poses, trajectory = saved.poses(), saved.trajectory(saved.sessions[-1][0])
    main = trajectory.main_submap(poses)
    if arguments.format in TRAJECTORIES:
        if not trajectory.rows:
            raise BadInputError(f"{saved.path}: the last recording has no part in the map")
        yield from TRAJECTORIES[arguments.format](*trajectory.in_world(poses, main))
        return
    wanted = {*map(int, np.flatnonzero(poses.submap == main))} - arguments.drop
    if not wanted:
        raise BadInputError("--drop leaves no keyframe to export")
    images = (PosedImage(keyframe) for keyframe in saved.keyframes() if keyframe.row in wanted)
    yield from WITH_IMAGES[arguments.format](images, saved.camera)
