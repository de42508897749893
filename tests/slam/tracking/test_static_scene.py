"""slam.tracking.static_scene: from when on images have a mask. For what moves, see test_moving_parts."""

import numpy as np

from slam.config import SlamConfig
from slam.stages import StageTimes
from slam.tracking.image import prepared
from slam.tracking.static_scene import StaticScene
from tests.helpers import scenes


def test_a_mask_begins_once():
    scene, mask = StaticScene(scenes.CAMERA, None, StageTimes()), np.ones(scenes.CAMERA.size, bool)
    begins = [scene.mask_begins(usable) for usable in (None, mask, mask, None, mask)]
    assert begins == [False, True, False, False, False]


def test_who_does_not_look_for_what_moves_sees_all():
    scene = StaticScene(scenes.CAMERA, None, StageTimes())
    image = prepared(scenes.frame(0, np.eye(4)), scenes.CAMERA, SlamConfig.for_sensor())
    assert scene.of(image, None) is image and not scene.is_doubtful(np.eye(4))
