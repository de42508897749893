"""`python -m depth predict`: depth of single pictures, and what can be made of it."""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from calib.base.command_line import whole_number
from calib.base.errors import BadInputError, OutputError
from calib.base.progress import tracked
from calib.files.atomic_file import write_file
from calib.files.image_file import encode_jpeg, encode_png
from calib.formats.calibration_file import read_calibration
from depth.commands.network_arguments import add_network_arguments, open_estimator
from depth.evaluation.evaluate import at_pixels_of
from depth.photos.colour_map import coloured_depth, coloured_error
from depth.photos.defocus import defocused
from depth.photos.depth_image import millimetres, on_image_pixels, sharpened
from depth.photos.focus import Focus
from depth.photos.picture_camera import PictureCameras, field_of_view
from depth.photos.pictures import Picture, Pictures
from depth.photos.point_cloud import ply_of, point_cloud
from depth.runtimes.image_network import ImageNetwork

HELP = "predict depth of pictures: depth images, and on request point clouds and synthetic defocus"
ENDINGS = ("_depth.png", "_depth_colour.png", "_error.png", "_bokeh.jpg")
"""Of the images that this command writes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network_arguments(parser)
    parser.add_argument("pictures", nargs="+", type=Path, metavar="IMAGE", help="image files, folders, video files")
    parser.add_argument("--output", type=Path, default=Path("results/predict"), metavar="DIR",
                        help="where the results go (default: results/predict)")
    known = parser.add_mutually_exclusive_group()
    known.add_argument("--calibration", type=Path, metavar="FILE", help="the camera that took the pictures")
    known.add_argument("--fov", type=field_of_view, metavar="DEG",
                       help="its field of view along the longer side (default: as the network was trained, else 60)")
    parser.add_argument("--cloud", action="store_true", help="write NAME.ply, a coloured point cloud in metres")
    parser.add_argument("--error", action="store_true",
                        help="write NAME_error.png, the relative error that the network expects of its depth")
    parser.add_argument("--bokeh", type=Focus.parsed, metavar="FOCUS",
                        help="write NAME_bokeh.jpg, sharp at so many metres, or at the pixel x,y")
    parser.add_argument("--aperture", type=_aperture, default=40.0, metavar="MM",
                        help="diameter of the lens opening for --bokeh (default: 40)")
    parser.add_argument("--colours", choices=("log", "linear"), default="log",
                        help="equal steps of colour in log (default) or linear depth")
    parser.add_argument("--range", type=_range, metavar="NEAR,FAR",
                        help="metres at the ends of the colours (default: of each picture)")
    parser.add_argument("--every", type=whole_number(1), default=1, metavar="N", help="each Nth frame of videos")


def run(arguments: argparse.Namespace) -> Iterator[str]:
    """Yields lines of text. Pictures that cannot be used are left out and named at the end, as an error.

    Ctrl-C keeps what has been written, and ends the program once that is said.
    """
    calibrated = read_calibration(arguments.calibration).camera if arguments.calibration else None
    pictures = Pictures(arguments.pictures, arguments.every, partial(_is_result, arguments.output))
    estimator = open_estimator(arguments)
    if arguments.error and not estimator.spec.predicts_error:
        raise BadInputError(f"--error: {estimator.name} does not say how wrong it expects to be; leave --error out")
    cameras = PictureCameras(estimator, calibrated, arguments.fov)
    milliseconds, refused, interrupted = [], [], False
    try:
        for picture in tracked(pictures, len(pictures), "predicting"):
            try:
                milliseconds.append(predicted(picture, estimator, cameras, arguments))
            except OutputError:  # the next one could not be written either
                raise
            except BadInputError as error:
                refused.append(error)
    except KeyboardInterrupt:
        interrupted = True
    yield from pictures.remarks
    if milliseconds:
        yield (f"{estimator.name}: pictures predicted: {len(milliseconds)}, one takes {np.median(milliseconds):.1f} ms "
               f"(median)")
        yield f"network    {estimator.note}"
        if estimator.licence:
            yield f"licence    {estimator.licence}"
        if estimator.spec.is_relative:
            yield "depth      in no unit: the network knows it up to a factor and a summand of each picture"
        yield f"focal length {cameras.source}"
        yield f"results    {arguments.output}"
    if interrupted:
        raise KeyboardInterrupt
    if refused:
        raise refused[0] if len(refused) == 1 else BadInputError(
            f"{len(refused)} of {len(refused) + len(milliseconds)} pictures were left out; the first: {refused[0]}")


def predicted(picture: Picture, estimator: ImageNetwork, cameras: PictureCameras,
              arguments: argparse.Namespace) -> float:
    """Predict one Picture and write its results -> milliseconds. Raises BadInputError before anything is written."""
    rgb = picture.read()
    rectifier = cameras.rectifier(rgb.shape[:2])
    rgb = rectifier.image(rgb)
    prediction = estimator.predict(rgb, rectifier.camera)
    depth_m = on_image_pixels(prediction.depth_m, rectifier.camera)
    detail_px = max(1.0, rgb.shape[1] / prediction.depth_m.shape[1])
    results = {"_depth.png": lambda: encode_png(millimetres(depth_m)),
               "_depth_colour.png": lambda: encode_png(coloured_depth(depth_m, arguments.colours, arguments.range))}
    log_error = prediction.log_error
    if arguments.error and log_error is not None:
        seen_by = rectifier.camera.resized(log_error.shape)
        results["_error.png"] = lambda: encode_png(coloured_error(
            at_pixels_of(log_error, seen_by, rectifier.camera), depth_m > 0))
    if arguments.cloud:
        results[".ply"] = lambda: ply_of(point_cloud(
            rgb, depth_m, rectifier.camera, detail_px))
    if arguments.bokeh:
        clear_m = sharpened(depth_m, rgb, 2 * round(detail_px))
        focus_m = arguments.bokeh.distance(clear_m, picture.name)
        results["_bokeh.jpg"] = lambda: encode_jpeg(defocused(
            rgb, clear_m, rectifier.camera.fx, focus_m, 1e-3 * arguments.aperture))
    for ending, data in results.items():
        write_file(arguments.output / f"{picture.name}{ending}", data())
    return prediction.ms


def _is_result(output, path):
    """Whether a file has been left in the folder of results by an older run."""
    return path.parent.resolve() == output.resolve() and path.name.endswith(ENDINGS)


def _aperture(text):
    diameter_mm = float(text)
    if not 0 < diameter_mm <= 1000:
        raise BadInputError(f"--aperture {text}: expected millimetres, from above 0 to 1000")
    return diameter_mm


def _range(text):
    try:
        near_m, far_m = map(float, text.split(","))
        if 0 < near_m < far_m < float("inf"):
            return near_m, far_m
    except ValueError:
        pass
    raise BadInputError(f"--range {text}: expected two distances in metres, as in 0.5,8")
