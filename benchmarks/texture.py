#!/usr/bin/env python3
"""How like the keyframes a textured mesh looks, against one with colours of its vertices.

    python -m benchmarks.texture SEQUENCE_DIR ... [--depth sensor|NAME|FILE] [options of monofuse run]

After a run, the mesh is painted twice: from all keyframes, and from every second one. It is then rendered from the
keyframes' poses, of the latter only from those that were left out, and compared with their images at full size, where
the mesh covers them. PSNR, mean over keyframes, of a range of 255: as rendered, and after one gain and bias per channel
for each image, texture and vertex colours alike, since exposure differs between keyframes. The time is one core's.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import trimesh

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code
from monofuse.arguments import parse_arguments
from monofuse.interface.screen import Screen
from monofuse.results.outcome import Outcome
from monofuse.results.texture import photos_of, surface_of
from monofuse.run import run as whole_run
from slam.system import SlamSystem
from slam.texturing.rendering import corner_shares, render
from slam.texturing.surface import Photo, Surface, projected, seen_rows
from slam.texturing.texture import TextureConfig, TexturedMesh, texture_steps

MAX_COMPARED = 30
"""Keyframes that the mesh is rendered from, at most, evenly spread."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sequences", nargs="+", metavar="SEQUENCE_DIR")
    arguments, options = parser.parse_known_args()
    print(machine())
    table(["sequence", "painted from", "triangles", "seen %", "atlas", "s", "covered %", "PSNR, texture",
           "vertex colours", "after gain and bias: texture", "vertex colours"],
          (row for sequence in arguments.sequences for row in rows_of(sequence, options)))


def rows_of(sequence: str, options: Sequence[str]) -> list[list[object]]:
    slam, mesh = run(sequence, options)
    surface, photos = surface_of(mesh), photos_of(slam)
    return [[Path(sequence).name, *measured(surface, photos, slam.config.texture, held_out)]
            for held_out in (False, True)]


def run(sequence: str, options: Sequence[str]) -> tuple[SlamSystem, trimesh.Trimesh]:
    """A whole run, as the program does it -> the system and its mesh"""
    with TemporaryDirectory() as folder:
        session = whole_run(parse_arguments([sequence, "--output", folder, *options]), Screen())
    assert session is not None
    return session.slam, session.slam.mesh()


def measured(surface: Surface, photos: list[Photo], config: TextureConfig, held_out: bool) -> list[object]:
    """Cells of the table: painted from all photos, or from every second one and compared with the others."""
    start_s = time.process_time()
    outcome = Outcome(texture_steps(surface, photos[::2] if held_out else photos, config))
    for _ in outcome:
        pass
    mesh, duration_s = outcome.value, time.process_time() - start_s
    assert mesh is not None
    compared = photos[1::2] if held_out else photos
    compared = compared[:: -(-len(compared) // MAX_COMPARED) or 1]
    scores = np.mean([compare(mesh, surface, photo) for photo in compared], axis=0)
    return ["every second" if held_out else "all", len(mesh.triangles), f"{100 * mesh.seen.mean():.0f}",
            f"{mesh.image.shape[1]}x{mesh.image.shape[0]}", f"{duration_s:.1f}", f"{100 * scores[0]:.0f}",
            *(f"{psnr:.1f}" for psnr in scores[1:])]


def compare(mesh: TexturedMesh, surface: Surface, photo: Photo) -> list[float]:
    """-> share of the photo that is covered, and four times PSNR in dB: see the module"""
    textured, rows = render(mesh, photo.T_world_key, photo.camera)
    covered = rows >= 0
    coloured = render_colours(surface, photo)
    true = photo.read()[covered].astype(np.float64)
    pictures = [picture[covered].astype(np.float64) for picture in (textured, coloured)]
    return [covered.mean(), *(psnr(picture, true) for picture in pictures),
            *(psnr(fitted(picture, true), true) for picture in pictures)]


def render_colours(surface: Surface, photo: Photo) -> np.ndarray:
    """The mesh's front with the colours of its vertices -> (h, w, 3)"""
    corners = projected(surface.vertices, photo.T_world_key, photo.camera)
    rows, _ = seen_rows(corners, surface.triangles, photo.camera.size, both_sides=False)
    pixels = np.flatnonzero(rows.ravel() >= 0)
    corner = surface.triangles[rows.ravel()[pixels]]
    image = np.zeros((rows.size, 3))
    shares = corner_shares(corners, corner, pixels, rows.shape[1], is_perspective=True)
    image[pixels] = np.einsum("nk,nkc->nc", shares, surface.colours[corner])
    return image.reshape(*rows.shape, 3)


def fitted(picture: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(n, 3) -> the same with the gain and bias per channel that bring it nearest to `true`."""
    return np.stack([np.polyval(np.polyfit(a, b, 1), a) for a, b in zip(picture.T, true.T)], 1)


def psnr(picture: np.ndarray, true: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB."""
    return float(10 * np.log10(255**2 / np.mean((picture - true) ** 2)))


if __name__ == "__main__":
    sys.exit(exit_code("texture", main))
