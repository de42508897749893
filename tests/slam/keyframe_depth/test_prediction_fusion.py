"""slam.keyframe_depth.prediction_fusion: what other cameras predict, in the keyframe, with errors that average out."""

import numpy as np

from calib.geometry import se3
from slam.kernels.depth_warp import warp_depth
from slam.keyframe_depth.prediction_fusion import PredictionFusionConfig, mean_log_ratio
from tests.helpers import scenes

POSES = [se3.exp(np.array(xi)) for xi in ((0.12, 0, 0.05, 0, 0.05, 0), (-0.1, 0.05, -0.05, 0.03, 0, 0.02),
                                          (0.05, -0.1, 0.1, 0, -0.04, 0))]
MIDDLE = np.s_[25:-25, 30:-30]


def plane(T_world_cam):
    """Inverse depth of a slanted plane, which no camera sees past."""
    normal, distance_m = np.array([0.35, 0.2, -1.0]), -2.0
    rays = scenes.CAMERA.rays() @ T_world_cam[:3, :3].T
    return (rays @ normal / (distance_m - T_world_cam[:3, 3] @ normal)).astype(np.float32)


def warped(assumed, T_world_other):
    out = np.empty(assumed.shape, np.float32)
    warp_depth(assumed, plane(T_world_other), scenes.CAMERA.pinhole, se3.inverse(T_world_other)[:3].astype(np.float32),
               out)
    return out


def errors(predictions, poses, truth):
    """Mean absolute error of log depth in the middle, after one scale for all pixels."""
    ratio = mean_log_ratio(predictions[0], predictions[1:], se3.inverse(np.array(poses).reshape(-1, 4, 4)),
                           scenes.CAMERA, PredictionFusionConfig())
    fused = np.log(predictions[0] / truth) + ratio
    return np.abs(fused - np.median(fused[MIDDLE]))[MIDDLE].mean()


def test_a_plane_warped_from_another_camera_is_the_plane():
    truth = plane(np.eye(4))
    for T in POSES:
        for start in (1.0, 1.1):
            again = warped(np.float32(start) * truth, T)
            assert np.all(again[MIDDLE] > 0)
            assert np.abs(again / truth - 1)[MIDDLE].max() < (1e-5 if start == 1.0 else 2e-3)


def test_what_the_other_camera_does_not_show_is_unknown():
    truth = plane(np.eye(4))
    aside = se3.exp(np.array([0.5, 0, 0, 0, 0, 0]))
    again = warped(truth, aside)
    assert not again[:, :15].any() and again[60, 100] > 0
    assert not warped(truth, se3.exp(np.array([0, 0, 0, 0, np.pi, 0]))).any()
    assert not warped(np.zeros_like(truth), POSES[0]).any()


def test_independent_errors_and_scales_average_out():
    rng = np.random.default_rng(0)
    v, u = np.mgrid[-1:1:120j, -1:1:160j]
    def predicted(T):
        a, b, c = rng.normal(0, 0.1, 3)
        return (plane(T) * np.exp(rng.normal(0, 0.1) + a * u + b * v + c * u * v)).astype(np.float32)
    gain = []
    for _ in range(10):
        predictions = [predicted(T) for T in (np.eye(4), *POSES)]
        gain.append((errors(predictions[:1], [], plane(np.eye(4))),
                     errors(predictions, POSES, plane(np.eye(4)))))
    alone, together = np.mean(gain, axis=0)
    assert together < 0.8 * alone


def test_another_surface_in_front_takes_no_part():
    truth = plane(np.eye(4))
    other = plane(POSES[0])
    other[40:80, 60:100] *= 2
    ratio = mean_log_ratio(truth, [other], se3.inverse(np.array(POSES[:1])), scenes.CAMERA, PredictionFusionConfig())
    assert (np.abs(ratio[MIDDLE]) > 0.02).mean() < 0.05, "but for pixels at its edge"


def test_a_view_of_hardly_anything_in_common_takes_no_part():
    truth = plane(np.eye(4))
    T = se3.exp(np.array([2.0, 0, 0, 0, 0, 0]))
    ratio = mean_log_ratio(truth, [1.1 * plane(T)], se3.inverse(T)[None], scenes.CAMERA, PredictionFusionConfig())
    assert not ratio.any()


def test_each_prediction_is_brought_to_the_scale_of_the_keyframes_own():
    truth = plane(np.eye(4))
    T = se3.exp(np.array([0, 0, 0, 0.02, 0.05, 0.01]))
    ratio = mean_log_ratio(truth, [1.3 * plane(T)], se3.inverse(T)[None], scenes.CAMERA, PredictionFusionConfig())
    assert np.abs(ratio).max() < 1e-4
