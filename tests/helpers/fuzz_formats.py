"""Everything that the program reads, as small samples: what writes one, and what reads it as the program does.

A reader gets the sample and the file of it that was changed; it returns an outcome, one of `refused` (an error of one
line), `skipped` (frames were left out, and counted), `read`. Whatever else it raises is a mistake.
"""

import argparse
import json
import struct
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import cv2
import numpy as np

from calib.base.errors import MonofuseError
from tests.helpers import camera_samples, damage, dataset_samples
from tests.helpers.dataset_samples import Sample, write
from tests.helpers.tiny_recordings import CAMERA, picture, write_tum


class Format(NamedTuple):
    """One kind of file or folder."""

    write: Callable[[Path, Any], Any]
    """Folder and studio -> sample, which can be pickled."""
    read: Callable[[Any, Path], str]
    frames: int = 0
    """That the studio is to have; 0: the writer needs none."""


def attempt(*actions: Callable[[], object]) -> str:
    """Call all of them -> `read`, or `refused` where one raises an error of ours, which must be one line."""
    outcome = "read"
    for action in actions:
        try:
            action()
        except MonofuseError as error:
            damage.check_line(error)
            outcome = "refused"
    return outcome


def frames(sample: Sample, changed: Path) -> str:
    return damage.read_through(sample)[1]


def tiny(writer, **options):
    """What makes a Sample of a small recording's writer."""
    def written(folder, studio):
        folder.parent.mkdir(parents=True, exist_ok=True)
        source = writer(folder)
        return Sample(source or folder, np.empty((5, 4, 4)), None, **{"has_depth": False} | options)
    return written


def posed(name):
    def writer(folder):
        from tests.sequences.datasets.test_posed_images import WRITERS
        return WRITERS[name](folder)
    return tiny(writer, has_depth=name in ("transforms", "polycam"))


def bag(name):
    def writer(folder):
        from tests.sequences.datasets import test_ros_bag as ros

        def more(bag, k, time_ns):
            depth = np.full(ros.SIZE, 1500 + k, np.uint16)
            bag.compressed("/camera/depth/image_rect/compressedDepth", time_ns, "16UC1; compressedDepth",
                           bytes(12) + cv2.imencode(".png", depth)[1].tobytes())
            bag.image(ros.DEPTH, time_ns, "mono16", depth)
        folder.mkdir(parents=True)
        return ros.write(folder / name, more=more)
    return tiny(writer, has_depth=True)


def rgbd(folder):
    from tests.sequences.datasets import test_rgbd_folder as rgbd_folder
    rgbd_folder.write(folder)
    (folder / "camera_intrinsic.json").write_text(json.dumps(rgbd_folder.OPEN3D))


def unpacked(folder, studio):
    """A Record3D capture as a folder."""
    import zipfile
    sample = dataset_samples.record3d(folder.with_name("packed"), studio)
    with zipfile.ZipFile(sample.source) as archive:
        archive.extractall(folder)
    sample.source.unlink()
    return sample._replace(source=folder)


def calibrations(folder, studio):
    """Every sample of every program's calibration."""
    from scipy.io import savemat

    from tests.calib.formats import test_calibration_formats, test_usual_formats
    folder.mkdir(parents=True)
    samples = [*test_calibration_formats.SAMPLES.values(), *test_usual_formats.SAMPLES.values()]
    for number, (text, *_) in enumerate(samples):
        content = text if isinstance(text, bytes) else text.encode()
        suffix = ".json" if content.lstrip().startswith(b"{") else ".xml" if content.lstrip().startswith(b"<") else \
            ".yaml" if b": " in content else ".txt"
        write(folder / f"{number:03d}{suffix}", content)
    savemat(folder / "Calib_Results.mat", {"fc": np.array([[525.0], [524.0]]), "cc": np.array([[319.5], [239.5]]),
                                           "kc": np.zeros((5, 1)), "nx": 640, "ny": 480})
    write(folder / "cameras.bin", struct.pack("<QIiQQ4d", 1, 7, 1, 640, 480, 525, 524, 320, 240))
    return folder


def read_calibration(folder, changed):
    from calib.formats.calibration_file import describe_format, read_calibration
    from calib.geometry.rectification import Rectifier
    return attempt(lambda: Rectifier(read_calibration(changed).camera.fitted_to((48, 64))),
                   lambda: describe_format(changed))


def images(folder, studio):
    """An image of each kind."""
    import io

    import PIL.Image
    folder.mkdir(parents=True)
    rgb = picture(3, (48, 64))
    for suffix in (".png", ".jpg", ".ppm", ".pgm", ".bmp", ".tiff", ".webp", ".jp2", ".avif", ".gif", ".exr"):
        image = rgb[..., 0] if suffix == ".pgm" else rgb[..., ::-1]
        try:
            write(folder / f"image{suffix}", cv2.imencode(suffix, image)[1].tobytes())
        except cv2.error:  # this build cannot write it
            file = io.BytesIO()
            PIL.Image.fromarray(rgb).save(file, "GIF")
            write(folder / f"image{suffix}", file.getvalue())
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x8769] = 6, {0xA405: 26}
    PIL.Image.fromarray(rgb).save(folder / "photo.jpg", exif=exif)
    for name, depth in (("deep.png", np.full((24, 32), 1500, np.uint16)), ("deep.tiff", np.ones((24, 32), np.float32)),
                        ("deep.pgm", np.full((24, 32), 1500, np.uint16))):
        write(folder / name, cv2.imencode(Path(name).suffix, depth)[1].tobytes())
    return folder


def read_image(folder, changed):
    from calib.files import exif, image_file, mask_file, picture_roles
    return attempt(lambda: image_file.read_rgb(changed), lambda: image_file.read_any_depth_m(changed, 1000.0),
                   lambda: image_file.read_gray(changed), lambda: exif.focal_from_exif(changed),
                   lambda: exif.rotation_from_exif(changed),
                   lambda: mask_file.read_mask(changed, SimpleNamespace(width=64, height=48, size=(48, 64))),
                   lambda: picture_roles.split_pictures(image_file.images_in(folder)))


def texts(folder, studio):
    """Configurations, trajectories and lists of images to split by."""
    from calib.files.tum_files import trajectory_text
    from monofuse.configuration import plain
    from slam.config import SlamConfig
    folder.mkdir(parents=True)
    config = plain(SlamConfig(False))
    write(folder / "report.json", json.dumps({"configuration": config}))
    write(folder / "config.yaml", "tracker:\n  samples: 500\nworking_width: 320\n")
    write(folder / "trajectory.txt", trajectory_text(np.arange(5.0), np.tile(np.eye(4), (5, 1, 1))))
    return folder


def read_text(folder, changed):
    from calib.files.tum_files import read_ground_truth, read_trajectory
    from depth.data.split import chosen
    from monofuse.configuration import with_file
    from slam.config import SlamConfig
    if changed.suffix == ".txt":
        return attempt(lambda: read_trajectory(changed), lambda: read_ground_truth(changed),
                       lambda: chosen(["a", "b"], range(2), str(changed), folder))
    return attempt(lambda: with_file(SlamConfig(False), changed))


def networks(folder, studio):
    """ONNX files and their options, weights of each kind, a model's folder."""
    from safetensors.numpy import save_file
    from scipy.io import savemat

    from tests.helpers.matconvnet_file import saved_release
    from tests.helpers.tensor_bundle_file import write_bundle
    from tests.helpers.tiny_onnx import tiny_network
    folder.mkdir(parents=True)
    tiny_network(folder / "tiny.onnx")
    write(folder / "tiny.yaml", "output: log_depth\nerror: log_error\nmean: [0.5, 0.5, 0.5]\nfocal_px: [30, 30]\n")
    arrays = {"encoder.weight": np.ones((4, 3, 3, 3), np.float32), "encoder.bias": np.zeros(4, np.float32)}
    facts = {"network": "mobile", "spec": "output: depth\nsize: [240, 320]\n"}
    save_file(arrays, folder / "weights.safetensors", facts)
    write(folder / "torch.pth", _saved_by_torch(arrays))
    release = {"conv": {"weights": np.ones((3, 3, 2, 4), np.float32), "biases": np.zeros(4, np.float32)}}
    np.save(folder / "release.npy", np.array(release, object), allow_pickle=True)
    savemat(folder / "release.mat", saved_release(release))
    write_bundle(folder / "model.ckpt", {"conv/weights": release["conv"]["weights"]})
    hub = folder / "hub"
    write(hub / "config.json", json.dumps({"model_type": "depth_anything", "patch_size": 14, "backbone_config": {
        "model_type": "dinov2", "image_size": 56, "patch_size": 14, "hidden_size": 32}}))
    write(hub / "preprocessor_config.json", json.dumps({
        "do_normalize": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
        "do_rescale": True, "rescale_factor": 1 / 255, "size": {"height": 518, "width": 518}}))
    write(hub / "README.md", "---\nlicense: apache-2.0\n---\nA model.\n")
    write(hub / "model.safetensors", b"not read")
    return folder


def _saved_by_torch(arrays):
    import io

    import torch
    file = io.BytesIO()
    torch.save({"state_dict": {name: torch.from_numpy(array) for name, array in arrays.items()},
                "network": "mobile"}, file)
    return file.getvalue()


def read_network(folder, changed):
    from depth.runtimes.catalogue import open_estimator
    if changed.parent.name == "hub":
        return attempt(lambda: _described(changed.parent))
    if changed.stem == "tiny":
        estimator = partial(open_estimator, folder / "tiny.onnx", runtime="onnx", device="cpu")
        return attempt(lambda: estimator().predict(picture(1, (48, 64)), CAMERA))
    if changed.suffix in (".safetensors", ".pth"):
        from depth.networks.weights.checkpoint import read_tensors
        runtimes = ("onnx", "torch") if changed.suffix == ".safetensors" else ("torch",)
        return attempt(lambda: read_tensors(changed), *(partial(open_estimator, changed, runtime=runtime, device="cpu")
                                                        for runtime in runtimes))
    from depth.networks.weights.fcrn_import import read_layers, release_tensors
    path = folder / "model.ckpt" if changed.name.startswith("model.ckpt") else changed
    return attempt(lambda: release_tensors(read_layers(path), path))


def _described(folder):
    from depth.hub.description import describe
    from depth.hub.model_files import find_model
    model = find_model(str(folder), print)
    describe(model)
    model.licence()


def depth_data(folder, studio):
    """Data sets to train on, each in a folder of its own."""
    from scipy.io import savemat

    from sequences.synthetic.view_files import write_view
    from tests.depth.data import test_kitti, test_nyu_labelled, test_sun_rgbd, test_views
    from tests.helpers.depth_datasets import write_image, write_nyu_folder
    for name in ("nyu", "kitti", "kitti_laser", "make3d", "sun", "nyu_labelled", "views"):
        (folder / name).mkdir(parents=True)
    write_nyu_folder(folder / "nyu", (1, 2, 3))
    test_kitti.write_kitti(folder / "kitti", dense=True)
    test_kitti.write_kitti(folder / "kitti_laser", dense=False)
    write_image(folder / "make3d" / "Train400Img" / "img-a.jpg", np.full((56, 42, 3), 90, np.uint8))
    (folder / "make3d" / "Train400Depth").mkdir()
    savemat(folder / "make3d" / "Train400Depth" / "depth_sph_corr-a.mat", {"Position3DGrid": np.ones((5, 30, 4))})
    test_sun_rgbd.write_sun_rgbd(folder / "sun" / "kv1" / "b3dodata" / "img_0063")
    test_nyu_labelled.write_mat(folder / "nyu_labelled")
    savemat(folder / "nyu_labelled" / "splits.mat", {"trainNdxs": np.array([[2], [4]]), "testNdxs": np.array([[1]])})
    write_view(folder / "views" / "view_000", test_views.view(3))
    write_tum(folder / "recording")
    return folder


def read_depth_data(folder, changed):
    from depth.data import kitti
    from depth.data.catalogue import open_dataset
    name = changed.relative_to(folder).parts[0]
    kitti.calibration.cache_clear()

    def read(split="all"):
        dataset = open_dataset(f"{name.removesuffix('_laser')}:{folder / name}", split)
        for index in range(min(3, len(dataset))):
            dataset[index]
    return attempt(read, lambda: read("train"))


def a_map(folder, studio):
    """A map of a few keyframes."""
    from dataclasses import replace

    from monofuse.maps.map_file import MAP_FILE
    from monofuse.maps.recorder import MapRecorder
    from monofuse.results.run_counter import RunCounter
    from slam.system import SlamSystem
    from tests.helpers import scenes
    from tests.monofuse.maps.test_saved_map import CONFIG, Folder, pose
    folder.mkdir(parents=True)
    camera = scenes.CAMERA.resized((60, 80))
    slam = SlamSystem(camera, replace(CONFIG, working_width=80, level_count=2))
    recorder, counter = MapRecorder(folder / MAP_FILE, slam, "walk", {"arguments": {}}), RunCounter()
    for index in range(6):
        counter.add(slam.process(scenes.speckled_frame(index, pose(2 * index), camera)))
        recorder.step(slam, counter)
    slam.finish()
    recorder.reached("complete", slam, counter)
    recorder.close(Folder(folder))
    return folder


def read_map(folder, changed):
    """Exported in each form, as `monofuse export` does."""
    from monofuse.export_command import TRAJECTORIES, WITH_IMAGES, files_of
    from monofuse.maps.saved_map import SavedMap

    def export(form):
        with SavedMap(folder) as saved:
            for _ in files_of(saved, argparse.Namespace(format=form, drop=frozenset())):
                pass
    return attempt(*(partial(export, form) for form in (*TRAJECTORIES, *WITH_IMAGES)))


def restore_map(folder, changed):
    """Made a system again, as `monofuse recover`, `mesh` and `run --map` do; rescaled, as `measure` does."""
    from monofuse.maps.rescaled import rescaled_map
    from monofuse.maps.restore import restored
    from monofuse.maps.saved_map import SavedMap
    from monofuse.recover import arguments_of, restored_session
    from monofuse.results.outcome import Outcome

    def restore():
        with SavedMap(folder) as saved:
            arguments_of(saved)
            list(Outcome(restored(saved, is_extended=True)))

    def recover():
        with SavedMap(folder) as saved:
            restored_session(saved, SimpleNamespace(status=_nothing, print=print))
    with tempfile.TemporaryDirectory() as scratch:
        return attempt(restore, lambda: rescaled_map(folder / "map.db", Path(scratch, "map.db"), 2.0))


class _nothing:
    def __init__(self, *_): pass
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def update(self, *_): pass


def result(folder, studio):
    """A finished result, with everything in it that is read again."""
    import trimesh

    from tests.helpers import small_result
    folder.parent.mkdir(parents=True, exist_ok=True)
    small_result.write_result(folder)
    mesh = trimesh.Trimesh(small_result.VERTICES, small_result.TRIANGLES, process=False,
                           vertex_colors=np.full((4, 3), 120, np.uint8))
    mesh.export(folder / "mesh.ply")
    write(folder / "mesh.obj", "".join(f"v {x} {y} {z} 0.5 0.5 0.5\n" for x, y, z in small_result.VERTICES)
          + "f 1 2 3\n")
    write(folder / "overview.png", cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes())
    report = json.loads((folder / "report.json").read_text())
    write(folder / "report.json", json.dumps(report | {
        "scale_times_network": 1.2, "length_m": 0.2, "ate_scale": 1.1, "mesh": {"size_m": [2.0, 2.0, 0.0]},
        "measured": {"from": [0.0, 0.0, 2.0], "to": [1.0, 1.0, 2.0], "is_m": 1.5, "factor": 1.1}}))
    return folder


def read_result(folder, changed):
    """Viewed, measured, and made another size."""
    from monofuse import measure
    from monofuse.interface.viewer import result as viewed

    def view(path):
        found = viewed.read_result(path)
        found.bounds  # noqa: B018 (worked out when asked)
    arguments = argparse.Namespace(result=folder, a=(0.0, 0.0, 2.0), b=(1.0, 0.5, 2.0), true_m=None)
    rescaled = argparse.Namespace(**vars(arguments) | {"true_m": 1.3})
    screen = SimpleNamespace(print=lambda *_: None)
    single = [lambda: view(changed)] if changed.suffix in (".ply", ".glb") else []
    return attempt(lambda: view(folder), *single, lambda: measure.run(arguments, screen),
                   lambda: measure.run(rescaled, screen))


def _formats():
    found = {name: Format(writer, frames, 3) for name, (_, writer) in dataset_samples.WRITERS.items()}
    found |= {name: Format(writer, frames, 24) for name, writer in camera_samples.WRITERS.items()}
    found |= {name.replace(" ", "_").replace(",", ""): Format(posed(name), frames)
              for name in ("colmap", "colmap text", "transforms", "instant-ngp", "polycam", "3D Scanner App")}
    found |= {f"ros_{name.partition('.')[2]}": Format(bag(name), frames)
              for name in ("walk.bag", "walk.db3", "walk.mcap")}
    return found | {
        "tum": Format(tiny(write_tum, has_depth=True), frames), "rgbd": Format(tiny(rgbd, has_depth=True), frames),
        "record3d_folder": Format(unpacked, frames, 3), "calibrations": Format(calibrations, read_calibration),
        "image_files": Format(images, read_image), "texts": Format(texts, read_text),
        "networks": Format(networks, read_network), "depth_data": Format(depth_data, read_depth_data),
        "map": Format(a_map, read_map), "map_restored": Format(a_map, restore_map),
        "result": Format(result, read_result)}


FORMATS = _formats()
