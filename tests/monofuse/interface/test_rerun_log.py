"""What is logged for rerun: a file that rerun itself reads."""

import sys
from importlib.util import find_spec

import pytest

from calib.base.errors import BadInputError, MissingPackageError
from monofuse.interface.rerun_log import RerunLog
from slam.config import SlamConfig
from slam.system import SlamSystem
from tests.helpers import scenes

needs_rerun = pytest.mark.skipif(find_spec("rerun") is None, reason="rerun-sdk is not installed")


def system():
    return SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())


@needs_rerun
def test_images_depth_trajectory_and_map_are_in_the_file(tmp_path):
    slam, path = system(), tmp_path / "new" / "walk.rrd"
    log = RerunLog(slam, str(path))
    for index, T_world_cam in enumerate(scenes.walk(3)):
        frame = scenes.frame(index, T_world_cam)
        log.show(frame, slam.process(frame))
    log.finish(slam, None)
    data = path.read_bytes()
    assert data.startswith(b"RRF2")
    for name in (b"/world/camera/image", b"/world/camera/depth", b"/world/trajectory", b"/world/map", b"/world/camera"):
        assert name in data
    assert len(data) > 3 * scenes.CAMERA.width * scenes.CAMERA.height * 2 // 10  # depth is in it, not its name alone


@needs_rerun
def test_a_target_that_is_none_is_refused(tmp_path):
    with pytest.raises(BadInputError, match=r"ends in .rrd, or `viewer`"):
        RerunLog(system(), str(tmp_path / "walk.bag"))
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="--rerun"):
        RerunLog(system(), str(tmp_path / "file" / "walk.rrd"))


def test_without_rerun_the_error_names_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(MissingPackageError, match="pip install rerun-sdk"):
        RerunLog(system(), "walk.rrd")
