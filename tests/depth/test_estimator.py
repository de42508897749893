"""What all depth networks share: the focal length they were trained with, and what counts as depth."""

import numpy as np
import pytest

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera
from depth.estimator import MAX_LOG_ERROR, MIN_LOG_ERROR, cleaned_depth, cleaned_log_error, focal_scale

CAMERA = Camera(640, 480, 520.0, 520.0, 319.5, 239.5)


@pytest.mark.parametrize("size", [(480, 640), (240, 320), (224, 224)])
def test_the_training_camera_needs_no_correction(size):
    seen = CAMERA.resized(size)
    assert focal_scale(CAMERA, size, (seen.fx, seen.fy)) == pytest.approx(1)


def test_twice_the_focal_length_sees_things_twice_as_far():
    tele = Camera(640, 480, 1040.0, 1040.0, 319.5, 239.5)
    assert focal_scale(tele, (240, 320), (260.0, 260.0)) == pytest.approx(2)
    assert focal_scale(CAMERA, (240, 320), (130.0, 520.0)) == pytest.approx(1)
    assert focal_scale(CAMERA, (1536, 1536), (1536.0, 1536.0), "x") == pytest.approx(520 / 640)
    assert focal_scale(Camera(640, 480, 520.0, -520.0, 319.5, 239.5), (240, 320), (260.0, 260.0)) == pytest.approx(1)


def test_what_is_no_depth_becomes_zero():
    raw = np.array([[1.0, np.nan, np.inf, -np.inf], [-2.0, 0.0, 9.999, 10.0]])
    depth_m = cleaned_depth(raw, 10.0, "net")
    assert depth_m.dtype == np.float32 and depth_m.flags.c_contiguous
    assert depth_m.tolist() == [[1, 0, 0, 0], [0, 0, pytest.approx(9.999), 0]]
    assert cleaned_depth(raw.T, 10.0, "net").flags.c_contiguous


@pytest.mark.parametrize("value, says", [(np.nan, "every value is NaN"), (0.0, "every value is zero, negative"),
                                         (-1.0, "negative"), (np.inf, "infinite"), (2000.0, "beyond any room")])
def test_nothing_usable_is_an_error(value, says):
    with pytest.raises(NetworkError, match=says) as caught:
        cleaned_depth(np.full((4, 5), value, np.float32), 1000.0, "net.onnx")
    assert str(caught.value).startswith("net.onnx predicts no usable depth") and "\n" not in str(caught.value)


def test_errors_stay_within_reason():
    cleaned = cleaned_log_error(np.float32([[-1.5, np.nan, np.inf, -np.inf], [9.0, -9.0, 0.0, 2.0]]))
    assert cleaned.dtype == np.float32 and MIN_LOG_ERROR < -1.5 < 2.0 < MAX_LOG_ERROR
    assert cleaned == pytest.approx(np.array([[-1.5, MAX_LOG_ERROR, MAX_LOG_ERROR, MIN_LOG_ERROR],
                                              [MAX_LOG_ERROR, MIN_LOG_ERROR, 0, 2]]))
