"""benchmarks/staged.py: hard recordings made from a tiny one, read back as recordings."""

import sys

import cv2
import numpy as np
import pytest

from benchmarks import staged
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.tiny_recordings import CAMERA, write_tum

COUNT = 10


@pytest.fixture
def made(tmp_path, monkeypatch):
    recording = write_tum(tmp_path / "walk", COUNT)

    def make(kind):
        monkeypatch.setattr(sys, "argv", ["staged", kind, str(tmp_path / kind), "--of", str(recording)])
        staged.main()
        sequence = open_sequence(str(tmp_path / kind), SourceOptions(depth_every=1))
        return list(sequence), sequence.camera, tmp_path / kind
    return make


@pytest.mark.parametrize("kind, count", [("body", COUNT), ("person", COUNT), ("noisy", COUNT), ("slow", 2),
                                         ("first-half", 5), ("second-half", 5)])
def test_images_depth_and_ground_truth_are_there(made, kind, count):
    frames, camera, _ = made(kind)
    assert len(frames) == count and camera == CAMERA
    assert all(frame.sensor_depth is not None and frame.T_world_cam_true is not None for frame in frames)


def test_a_body_stays_where_its_mask_says_and_is_near(made):
    frames, _, folder = made("body")
    hidden = cv2.imread(str(folder / "mask.png"), cv2.IMREAD_GRAYSCALE) == 0
    assert 0.2 < hidden.mean() < 0.45 and hidden[-1].all() and not hidden[:10].any()
    inside = cv2.erode(hidden.astype(np.uint8), np.ones((5, 5))) > 0
    assert np.abs(frames[0].rgb[inside].astype(int) - frames[-1].rgb[inside]).mean() < 4
    assert frames[3].sensor_depth.depth_m[-1, 3] == pytest.approx(0.35)


def test_a_person_moves_and_hides_about_a_third(made):
    frames, _, _ = made("person")
    shares = [np.mean(np.isclose(frame.sensor_depth.depth_m, 1.1)) for frame in frames]
    assert 0.2 < np.mean(shares) < 0.45
    assert np.abs(frames[0].rgb.astype(int) - frames[-1].rgb).mean() > 10


def test_upright_images_show_the_middle(made):
    frames, camera, _ = made("portrait")
    assert frames[0].rgb.shape == (1280, 720, 3) and camera.size == (1280, 720)
    assert camera.fx / camera.fy == pytest.approx(1, rel=0.1) and camera.cx == pytest.approx(359.5, abs=60)
