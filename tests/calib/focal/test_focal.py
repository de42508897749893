"""The focal length of an unknown camera: on made-up scenes with a known answer, on photos' own words, on recordings."""

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from calib.base.errors import CalibrationError
from calib.files.exif import focal_from_exif
from calib.focal.bundle import FocalBundle, Observations, Scene, Settings
from calib.focal.estimate import estimate_camera, without_outliers
from calib.focal.lens import LENS, project
from calib.focal.structure import grow
from calib.formats.calibration_file import read_calibration
from monofuse import run as run_slam
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.paths import DATA

TRUE_LENS = np.array([np.log(0.95), 0.0, 0.0, 0.03, 0.0, 0.0])
NOISE = 0.3 / 640


@pytest.fixture(scope="module")
def scene():
    """A Scene of 15 cameras that sway past 250 points, and what they see of it, with noise."""
    random = np.random.default_rng(5)
    points = np.stack([*random.uniform(-2.5, 2.5, (2, 250)), random.uniform(2, 6, 250), np.ones(250)], 1)
    steps = np.arange(15)
    R = Rotation.from_rotvec(np.stack([0.1 * np.sin(steps / 3), 0.2 * np.sin(steps / 5), 0 * steps], 1)).as_matrix()
    t = -np.stack([0.08 * steps, 0.1 * np.sin(steps / 2), 0.04 * steps], 1)
    true = Scene(R, np.einsum("kij,kj->ki", R, t), points / np.linalg.norm(points, axis=1, keepdims=True), TRUE_LENS)
    key, point = (index.ravel() for index in np.mgrid[:15, :250])
    view = project(true.R[key], true.t[key], true.X[point], TRUE_LENS, np.zeros((len(key), 2)))
    seen = Observations(key, point, view.uv + random.normal(0, NOISE, view.uv.shape), np.zeros((len(key), 2)))
    seen = seen.select((np.abs(view.uv) < (0.5, 0.375)).all(1) & (view.depth > 0))
    often = np.bincount(seen.point, minlength=250)[seen.point] >= 3
    seen = seen.select(often)
    points, index = np.unique(seen.point, return_inverse=True)
    return true._replace(X=true.X[points]), seen._replace(point=index)


def test_derivatives_are_those_of_differences(scene):
    true, seen = scene
    R, t, X = true.R[seen.key[:50]], true.t[seen.key[:50]], true.X[:50]
    sheared, lens = np.random.default_rng(1).normal(0, 0.01, (50, 2)), TRUE_LENS + [0, 0.01, -0.01, 0, 0.01, 0.4]
    view, h = project(R, t, X, lens, sheared, derivatives=True), 1e-6

    def slope(low, high):
        return (project(*high, derivatives=False).uv - project(*low, derivatives=False).uv) / (2 * h)

    for i, step in enumerate(np.eye(6) * h):
        turn = Rotation.from_rotvec(step[3:]).as_matrix()
        assert np.allclose(view.duv_dpose[:, :, i], slope((turn.T @ R, t - step[:3], X, lens, sheared),
                                                          (turn @ R, t + step[:3], X, lens, sheared)), atol=1e-5)
        assert np.allclose(view.duv_dlens[:, :, i], slope((R, t, X, lens - step, sheared),
                                                          (R, t, X, lens + step, sheared)), atol=1e-5)
    for i, step in enumerate(np.eye(4) * h):
        assert np.allclose(view.duv_dpoint[:, :, i], slope((R, t, X - step, lens, sheared),
                                                           (R, t, X + step, lens, sheared)), atol=1e-5)


@pytest.mark.parametrize("start", [0.75, 1.2])
def test_a_made_up_scene_tells_its_lens(scene, start):
    _, seen = scene
    wide = Settings(prior_std=(0.5, 0.01, 0.01, 0.1, 0.02, 0.1), prior_mean=(np.log(0.9), 0, 0, 0, 0, 0), sigma=NOISE)
    bundle = FocalBundle(grow(seen, start, wide), seen, Settings(
        free_lens=("log_focal", "k1"), prior_std=wide.prior_std, prior_mean=wide.prior_mean, sigma=NOISE)).run()
    std = np.sqrt(np.diag(bundle.lens_covariance()))
    error = (bundle.scene.lens - TRUE_LENS)[[LENS.index("log_focal"), LENS.index("k1")]]
    assert std[0] < 0.02 and np.all(np.abs(error) < 4 * std) and abs(error[0]) < 0.02


def test_tracks_that_slid_along_an_edge_are_left_out(scene):
    """A point beside a camera explains any of them, and there outweighs all others."""
    true, seen = scene
    centre = -np.einsum("kji,kj->ki", true.R, true.t)[7]
    slid = np.append(centre + 1e-6 * true.R[7].T @ [0.1, 0.1, 1.0], 1.0)
    keys = np.array([5, 6, 7])
    uv = project(true.R[keys], true.t[keys], np.tile(slid, (3, 1)), TRUE_LENS, np.zeros((3, 2))).uv
    added = Observations(keys, np.full(3, len(true.X)), uv, np.zeros((3, 2)))
    both = Observations(*map(np.concatenate, zip(seen, added)))
    both = both.select(np.argsort(both.key, kind="stable"))
    points = np.concatenate([true.X, [slid / np.linalg.norm(slid)]])
    settings = Settings(free_lens=("log_focal", "k1"), sigma=NOISE)
    kept = without_outliers(FocalBundle(true._replace(X=points), both, settings), settings)
    assert len(kept.seen.key) == len(seen.key) and len(kept.scene.X) == len(points) - 1


def test_videos_that_cannot_tell_are_refused():
    random = np.random.default_rng(2)
    texture = cv2.GaussianBlur(random.integers(0, 255, (400, 600), np.uint8), (0, 0), 2)
    flat = [texture[40:280, 4 * k:4 * k + 320] for k in range(24)]  # a wall, seen by a camera that slides along it
    for grays, says in (([texture[:240, :320]] * 20, "hardly moves"), (flat, "cannot be told"), ([], "hardly moves"),
                        ([np.full((240, 320), 90, np.uint8)] * 20, "cannot be told")):
        with pytest.raises(CalibrationError, match=says) as caught:
            estimate_camera(grays)
        assert "\n" not in str(caught.value) and "--calibration FILE" in str(caught.value)


def test_photos_tell_their_focal_length(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 26
    Image.new("RGB", (640, 480)).save(tmp_path / "phone.jpg", exif=exif)
    Image.new("RGB", (640, 480)).save(tmp_path / "plain.jpg")
    (tmp_path / "damaged.jpg").write_bytes((tmp_path / "phone.jpg").read_bytes()[:60])
    assert focal_from_exif(tmp_path / "phone.jpg") == pytest.approx(26 / 43.267 * 800 / 640, rel=1e-3)
    assert focal_from_exif(tmp_path / "plain.jpg") is focal_from_exif(tmp_path / "damaged.jpg") is None
    assert focal_from_exif(tmp_path / "none.jpg") is None


@pytest.mark.skipif(not DATA.is_dir(), reason="no real recordings here")
@pytest.mark.parametrize("name", ["desk", pytest.param("kitchen", marks=pytest.mark.heavy)])
def test_recordings_tell_their_focal_length(name):
    frames = open_sequence(str(DATA / name), SourceOptions(max_frames=120))
    estimate = estimate_camera(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY) for frame in frames)
    known = read_calibration(DATA / name / "calibration.yaml").camera
    assert estimate.camera.focal_px == pytest.approx(known.focal_px, rel=0.05)
    assert 0.02 < estimate.std < 0.1 and estimate.camera.size == known.size


def test_auto_that_cannot_tell_ends_in_one_line(recording, tmp_path, capsys):
    lines = (recording / "rgb.txt").read_text().splitlines()
    (recording / "rgb.txt").write_text("\n".join(lines[:3]))
    assert run_slam.main([str(recording), "--calibration", "auto", "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "focal length cannot be told" in error and error.count("\n") == 1
