"""What takes seconds to make is made once: a furnished room, and a short recording of a walk through it."""

import shutil

import cv2
import numpy as np
import pytest

from calib.se3 import to_quaternion
from sequences import synthetic
from sequences.rooms.room import build_room
from sequences.sequence import SourceOptions
from slam.system import SlamConfig
from slam.warm_up import warm_up
from slam_process import run_process

FRAMES = 20
SIZE = 160, 120


@pytest.fixture(scope="session")
def room():
    """The synthetic room with seed 7."""
    return build_room(7)


@pytest.fixture(scope="session")
def walk(room):
    """Frames with exact depth, and their camera."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "build_room", lambda seed: room)
        options = SourceOptions(depth_every=1, max_frames=FRAMES)
        sequence = synthetic.SyntheticSequence(f"7,frames=160,size={SIZE[0]}x{SIZE[1]}", options)
    return list(sequence), sequence.camera


@pytest.fixture(scope="session")
def pristine_recording(walk, tmp_path_factory):
    """The walk in TUM layout, with depth in millimetres and ground truth. Not to be changed."""
    folder = tmp_path_factory.mktemp("recordings") / "walk"
    frames, camera = walk
    for name in ("rgb", "depth"):
        (folder / name).mkdir(parents=True)
    lines = {"rgb": [], "depth": [], "groundtruth": []}
    for frame in frames:
        cv2.imwrite(str(folder / "rgb" / f"{frame.index}.png"), frame.rgb[..., ::-1])
        cv2.imwrite(str(folder / "depth" / f"{frame.index}.png"),
                    np.round(1000 * frame.sensor_depth.depth_m).astype(np.uint16))
        for name in ("rgb", "depth"):
            lines[name].append(f"{frame.timestamp_s:.6f} {name}/{frame.index}.png")
        numbers = " ".join(f"{value:.9f}" for value in np.concatenate(to_quaternion(frame.T_world_cam_true)))
        lines["groundtruth"].append(f"{frame.timestamp_s:.6f} {numbers}")
    for name, text in lines.items():
        (folder / f"{name}.txt").write_text("\n".join(text) + "\n")
    (folder / "calibration.yaml").write_text(calibration_text(camera))
    return folder


def calibration_text(camera):
    """Camera -> YAML."""
    return "".join(f"{name}: {getattr(camera, name)}\n" for name in ("width", "height", "fx", "fy", "cx", "cy"))


@pytest.fixture(scope="session")
def kernels(walk):
    """See to it that all kernels are compiled and cached, so that processes start in seconds."""
    warm_up(SlamConfig.for_sensor())


@pytest.fixture
def recording(pristine_recording, tmp_path):
    """A copy of the recording, to be damaged."""
    return shutil.copytree(pristine_recording, tmp_path / "walk")


@pytest.fixture(scope="session")
def finished(kernels, pristine_recording, tmp_path_factory):
    """(process, folder, arguments) of a run with an option of each kind, in a pipe."""
    arguments = [pristine_recording, "--depth", "sensor", "--calibration", pristine_recording / "calibration.yaml",
                 "--max-frames", "18", "--max-surfels", "8000", "--mesh", "obj", "--mesh", "glb", "--mesh", "obj",
                 "--runtime", "auto", "--device", "cpu", "--seed", "3"]
    folder = tmp_path_factory.mktemp("run") / "new" / "results"
    return run_process(*arguments, "--output", folder), folder, arguments
