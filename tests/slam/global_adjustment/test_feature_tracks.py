"""slam.global_adjustment.feature_tracks: matches in the speckled box, chains with and without contradictions."""

import numpy as np
import pytest

from calib.geometry import se3
from slam.global_adjustment.feature_tracks import FeatureMatcher, Features, FeatureTrackConfig, PointTracks, chained
from slam.tracking.pyramid import grey
from tests.helpers import scenes

T_WORLD_CAM = np.array([np.eye(4), se3.exp(np.array([0.15, -0.05, 0.1, 0.03, 0.12, 0.05]))])
CAMERA = scenes.CAMERA.resized((240, 320))


def picture(T_world_cam):
    rgb = scenes.speckled_frame(0, T_world_cam, CAMERA).rgb
    return np.round(255 * grey(rgb, CAMERA.size)).astype(np.uint8)


@pytest.fixture(scope="module")
def matcher():
    return FeatureMatcher(CAMERA, FeatureTrackConfig())


def test_matches_show_one_point(matcher):
    first, second = (matcher.features(picture(T)) for T in T_WORLD_CAM)
    pairs = matcher.matches(first, second)
    depth_m, _ = scenes.cast(T_WORLD_CAM[0], CAMERA)
    u, v = np.rint(first.pixel[pairs[:, 0]]).astype(int).T
    T_cam_world = se3.inverse(T_WORLD_CAM[1])
    rays = np.column_stack([(first.pixel[pairs[:, 0]] - (CAMERA.cx, CAMERA.cy)) / (CAMERA.fx, CAMERA.fy),
                            np.ones(len(pairs))]) * depth_m[v, u, None]
    expected = CAMERA.project(rays @ T_cam_world[:3, :3].T + T_cam_world[:3, 3])
    error_px = np.linalg.norm(expected - second.pixel[pairs[:, 1]], axis=1)
    assert len(pairs) > 60 and np.median(error_px) < 0.5 and np.mean(error_px < 2) > 0.9


def test_images_of_different_places_have_no_matches(matcher):
    first = matcher.features(picture(np.eye(4)))
    behind = matcher.features(picture(se3.exp(np.array([0, 0, 0, 0, np.pi, 0]))))
    blank = matcher.features(np.full(CAMERA.size, 128, np.uint8))
    assert len(matcher.matches(first, behind)) == 0
    assert len(blank.pixel) == len(matcher.matches(first, blank)) == len(matcher.matches(blank, first)) == 0


def features(count):
    return Features(np.arange(2.0 * count).reshape(-1, 2), np.zeros((count, 128), np.uint8))


def test_matches_become_chains():
    tracks = chained([features(3)] * 3, {(0, 1): np.array([[0, 0], [2, 1]]), (1, 2): np.array([[0, 2]])})
    assert tracks.image.tolist() == [0, 1, 2, 0, 1] and tracks.point.tolist() == [0, 0, 0, 1, 1]
    np.testing.assert_array_equal(tracks.pixel, features(3).pixel[[0, 0, 2, 2, 1]])


def test_a_chain_that_contradicts_itself_is_left_out():
    """Feature 0 of the first image would be features 0 and 1 of the last."""
    matches = {(0, 1): np.array([[0, 0]]), (1, 2): np.array([[0, 0], [1, 2]]), (0, 2): np.array([[0, 1]])}
    tracks = chained([features(3)] * 3, matches)
    assert tracks.image.tolist() == [1, 2] and tracks.pixel.tolist() == [[2, 3], [4, 5]]


@pytest.mark.parametrize("images", [[], [features(0)], [features(2), features(2)]])
def test_nothing_matched_is_no_tracks(images):
    assert len(chained(images, {}).image) == 0


def test_points_that_one_image_alone_would_show_go_with_the_others():
    tracks = PointTracks(np.array([0, 1, 1, 2, 0, 2]), np.array([0, 0, 1, 1, 2, 2]), np.zeros((6, 2)))
    kept = tracks.within(np.array([True, False, True]))
    assert kept.image.tolist() == [0, 2] and kept.point.tolist() == [0, 0]
