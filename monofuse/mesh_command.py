"""`monofuse mesh RESULT`: the mesh of a finished result anew, with other settings, without tracking again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.base.command_line import OneLineParser, exit_code, name_and_value, name_of, path_of, whole_number
from calib.base.errors import BadInputError
from calib.files.atomic_file import replace_all
from calib.files.image_file import encode_png
from monofuse.configuration import with_setting
from monofuse.interface.screen import Screen
from monofuse.maps.restore import restored
from monofuse.maps.saved_map import SavedMap
from monofuse.results.files import MESH_FORMATS, SCENE, mesh_file
from monofuse.results.lock import FolderLock
from monofuse.results.outcome import finished
from monofuse.results.overview import draw_overview
from monofuse.results.report import log_std_of, mesh_facts, report_file
from monofuse.results.rescaling.result import read_report
from monofuse.results.texture import mesh_files, texture_of
from monofuse.scene_saving import write_scene_again
from slam.config import SlamConfig

if TYPE_CHECKING:
    import trimesh

DESCRIPTION = "Make the mesh of a finished result anew from its map, with other settings."


def main(argv: Sequence[str] | None = None, program: str = "monofuse mesh") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: run(parse_arguments(argv, program), Screen()))


def parse_arguments(argv: Sequence[str] | None, program: str) -> argparse.Namespace:
    """Raises BadInputError."""
    parser = OneLineParser(prog=program, description=DESCRIPTION)
    parser.add_argument("result", type=path_of, metavar="RESULT", help="folder of a run")
    parser.add_argument("--triangles", type=whole_number(100), metavar="N", help="triangles that it has at most")
    parser.add_argument("--crop", type=box, metavar="X0,Y0,Z0,X1,Y1,Z1",
                        help="only what lies in this box, in metres of the mesh (write --crop=-1,... before a minus)")
    parser.add_argument("--set", type=name_and_value, action="append", default=[], metavar="NAME=VALUE",
                        help="one setting of the mesh or its texture, as in mesh.tsdf.voxel_noise=0.5")
    parser.add_argument("--mesh", choices=MESH_FORMATS, action="append", default=[],
                        help="also write it in this format, next to mesh.ply and mesh.glb")
    return parser.parse_args(argv)


def box(text: str) -> np.ndarray:
    """An argparse type: six numbers -> (2, 3) lower and upper corner."""
    try:
        corners = np.array([float(word) for word in text.split(",")]).reshape(2, 3)
    except ValueError:
        corners = np.full((2, 3), np.nan)
    if not (np.isfinite(corners).all() and (corners[0] < corners[1]).all()):
        raise argparse.ArgumentTypeError(f"expected a box X0,Y0,Z0,X1,Y1,Z1, the lower corner first, not {text!r}")
    return corners


def run(arguments: argparse.Namespace, screen: Screen) -> None:
    """Restore the map, mesh, write. All files with the mesh in them are replaced, or none. Raises MonofuseError."""
    with SavedMap(arguments.result) as saved, FolderLock(saved.path.parent):
        folder = saved.path.parent
        files, count = files_of(saved, arguments, screen)
        replace_all(folder, files)
        if (folder / SCENE).is_file():
            write_scene_again(folder, screen)
    screen.print(f"mesh      {count:,} triangles, in {', '.join(files)} of {folder}")


def files_of(saved: SavedMap, arguments: argparse.Namespace, screen: Screen) -> tuple[dict[str, bytes], int]:
    """-> names and contents of the files of the new mesh, and how many triangles it has"""
    slam = finished(restored(saved, configuration(saved.config, arguments)), "reading the map", screen)
    with screen.status("building the mesh"):
        mesh = slam.mesh()
        if arguments.crop is not None:
            mesh = cropped(mesh, arguments.crop)
    texture = finished(texture_of(slam, mesh), "painting the texture", screen)
    folder, T_world_cam = saved.path.parent, slam.trajectory()[1]
    formats = {*arguments.mesh, *(["obj"] if (folder / "mesh.obj").is_file() else [])}
    files = {"mesh.ply": mesh_file(mesh, "ply"), **dict(mesh_files(mesh, texture, T_world_cam, sorted(formats)))}
    if (folder / "report.json").is_file():
        report: dict[str, Any] = read_report(folder) | {"mesh": mesh_facts(mesh)}
        picture = draw_overview(mesh, texture, T_world_cam, report["source"], log_std_of(report))
        files |= {"overview.png": encode_png(picture), "report.json": report_file(report)}
    return files, len(mesh.faces)


def configuration(config: SlamConfig, arguments: argparse.Namespace) -> SlamConfig:
    """The map's own with what was asked for. Raises BadInputError for what is not of the mesh."""
    for name, text in arguments.set:
        if name.partition(".")[0] not in ("mesh", "texture"):
            raise BadInputError(f"--set {name}={text}: only mesh and texture are made anew here")
        config = with_setting(config, name, text)
    return with_setting(config, "mesh.max_triangles", str(arguments.triangles)) if arguments.triangles else config


def cropped(mesh: trimesh.Trimesh, corners: np.ndarray) -> trimesh.Trimesh:
    """The part of a mesh in a box (2, 3). Raises BadInputError where there is none."""
    inside = ((mesh.vertices >= corners[0]) & (mesh.vertices <= corners[1])).all(1)
    kept = inside[mesh.faces].all(1)
    if not kept.any():
        low, high = mesh.bounds
        raise BadInputError(f"--crop: nothing of the mesh lies in this box; it reaches from "
                            f"{','.join(f'{value:.2f}' for value in low)} to {','.join(f'{v:.2f}' for v in high)}")
    part = mesh.submesh([np.flatnonzero(kept)], append=True, repair=False)
    assert not isinstance(part, list), "append=True joins them"
    return part
