"""EuRoC: its camera models."""

from calib.geometry.camera import Camera
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.dataset_samples import write
from tests.helpers.opening import refusal
from tests.helpers.tiny_recordings import write_camera


def test_euroc_cameras_may_be_fisheyes(copied, tmp_path):
    source = copied("euroc").source
    path = source / "mav0" / "cam0" / "sensor.yaml"
    write(path, path.read_text().replace("radial-tangential", "equidistant"))
    camera = open_sequence(str(source), SourceOptions()).camera
    assert (camera.model, camera.fx, camera.distortion[0]) == ("fisheye", 458.654, -0.28340811)
    write(path, path.read_text().replace("equidistant", "omni"))
    assert "distortion model 'omni' is not supported; supported are radial-tangential, none, equid" in refusal(source)
    write_camera(tmp_path / "mine.yaml", Camera(752, 480, 321.0, 321.0, 375.5, 239.5))
    assert open_sequence(str(source), SourceOptions(calibration_file=tmp_path / "mine.yaml")).camera.fx == 321
