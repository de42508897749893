"""Small pictures of keyframes in one file."""

import numpy as np

from calib.files.image_file import decode_rgb
from monofuse.results.keyframe_pictures import WIDTH_PX, pictures_file, read_pictures
from slam.config import SlamConfig
from slam.system import SlamSystem
from tests.helpers import scenes


def test_pictures_come_back_with_the_times_of_their_keyframes(tmp_path):
    slam = SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())
    assert pictures_file(slam) is None
    frame = scenes.frame(0, np.eye(4))
    slam.process(frame)
    data = pictures_file(slam)
    assert data == pictures_file(slam) and len(data) < 20_000
    (tmp_path / "keyframes.zip").write_bytes(data)
    picture, = read_pictures(tmp_path / "keyframes.zip")
    assert picture.time_s == round(frame.timestamp_s, 6)
    rgb = decode_rgb(picture.jpeg, "picture")
    assert rgb.shape[1] == min(WIDTH_PX, frame.rgb.shape[1])
    assert abs(rgb.mean() - frame.rgb.mean()) < 5
