"""The synthetic source: exact depth and motion, plausible walks, determinism, effects, options."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from calib.base.errors import SourceError
from calib.geometry.camera import Camera
from calib.geometry.se3 import inverse, rotation_angle_rad
from sequences.sequence import SourceOptions
from sequences.synthetic import sequence as synthetic
from sequences.synthetic.hand_held import hand_held_walk
from sequences.synthetic.materials.texture import Texture
from sequences.synthetic.options import SyntheticOptions, parse_synthetic
from sequences.synthetic.random_view import random_view
from sequences.synthetic.renderer import Renderer
from sequences.synthetic.rendering.bvh import build_bvh, cast
from sequences.synthetic.rendering.sensor import MID_GREY, developed, tone, with_noise
from sequences.synthetic.room import assembled, build_room
from sequences.synthetic.sequence import SyntheticSequence, pinhole
from sequences.synthetic.shapes.light import Light
from sequences.synthetic.shapes.patch import Material
from sequences.synthetic.shapes.solids import box

SIZE_M = np.array([4.0, 3.0, 2.5])
CRATE_M = np.array([[2.4, 1.0, 0.0], [3.0, 1.9, 0.8]])
WALKED = "7,frames=150,size=160x120,samples=3"


@pytest.fixture
def opened(room, monkeypatch):
    """Opens sequences in the room of the fixture, so that it is built once."""
    monkeypatch.setattr(synthetic, "build_room", lambda seed: room)
    return lambda text, **options: SyntheticSequence(text, SourceOptions(**options))


@pytest.fixture(scope="module")
def bare_room():
    """A box with a crate in it, all of the same plain reflectance, and a window along one side."""
    plain = Texture(np.full((64, 64, 3), 0.5, np.float32))
    material = Material("plain")
    patches = [patch.reversed() for patch in box((0, 0, 0), SIZE_M, material)] + box(*CRATE_M, material)
    window = Light.window((3.9, 0.02, 0.2), (-3.8, 0, 0), (0, 0, 2.0), (4, 4, 4))
    return assembled(tuple(SIZE_M), patches, {"plain": plain}, [window], np.random.default_rng(0))


def view_from(x, y, z, yaw, pitch, roll=0.0):
    """(4, 4) camera at a place with z up, looking along `yaw` and above the horizon by `pitch`."""
    c, s = np.cos(yaw), np.sin(yaw)
    forward = np.array([c * np.cos(pitch), s * np.cos(pitch), np.sin(pitch)])
    right = np.array([s, -c, 0])
    down = np.cross(forward, right)
    T = np.eye(4)
    c, s = np.cos(roll), np.sin(roll)
    T[:3, :3] = np.stack([c * right + s * down, c * down - s * right, forward], 1)
    T[:3, 3] = x, y, z
    return T


def slab_depth(camera, T, low, high, inside):
    """Analytic z (H, W) of a box seen from inside or from outside; inf where rays miss it."""
    rays = camera.rays() @ T[:3, :3].T
    near, far = np.sort([(low - T[:3, 3]) / rays, (high - T[:3, 3]) / rays], axis=0)
    enter, leave = near.max(-1), far.min(-1)
    return leave if inside else np.where((enter < leave) & (enter > 0), enter, np.inf)


@pytest.mark.parametrize("T", [view_from(0.5, 0.6, 1.4, 0.4, -0.3), view_from(3.6, 2.6, 2.1, -2.4, -0.5, 0.7),
                               view_from(2.0, 0.5, 0.4, 1.4, 0.1, -2.0)])
@pytest.mark.parametrize("samples", [1, 3])
def test_depth_is_that_of_the_geometry(bare_room, T, samples):
    camera = Camera(160, 120, 121.3, 118.7, 77.2, 61.9)
    depth_m = Renderer(bare_room, camera, samples).render(T)[1]
    exact = np.minimum(slab_depth(camera, T, np.zeros(3), SIZE_M, True), slab_depth(camera, T, *CRATE_M, False))
    assert depth_m.dtype == np.float32
    # a pixel centre within rounding of an edge may fall to either side
    assert np.mean(np.abs(depth_m - exact) < 2e-6 * exact) > 0.9998


def test_rays_and_rasters_agree(room):
    camera = pinhole(160, 120, 70)
    T = view_from(*np.multiply(room.size_m, (0.5, 0.5, 0.55)), 0.7, -0.2)
    renderer = Renderer(room, camera)
    depth_m = renderer.render(T)[1]
    rays = camera.rays().reshape(-1, 3) @ T[:3, :3].T
    hit_m = cast(room.bvh, np.broadcast_to(T[:3, 3], rays.shape), rays)[0].reshape(camera.size)
    # rays also hit the backs of leaves and curtains, whose triangles are cut along the other diagonal
    assert np.mean(np.abs(depth_m - hit_m) < 5e-3 * hit_m) > 0.999
    assert np.mean(np.abs(depth_m - hit_m) < 1e-5 * hit_m) > 0.97


def test_rays_find_the_nearest_of_random_triangles():
    rng = np.random.default_rng(1)
    corners = rng.uniform(-1, 1, (200, 1, 3)) + rng.normal(0, 0.15, (200, 3, 3))
    origins, directions = rng.uniform(-1, 1, (300, 3)), rng.normal(size=(300, 3))
    distance, hit = cast(build_bvh(corners.reshape(-1, 3), np.arange(600).reshape(-1, 3)), origins, directions)
    a, e1, e2 = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    solved = np.linalg.solve(np.stack(np.broadcast_arrays(-directions[:, None], e1, e2), -1),
                             (origins[:, None] - a)[..., None])[..., 0]
    t, u, v = np.moveaxis(solved, -1, 0)
    expected = np.where((t > 0) & (u >= 0) & (v >= 0) & (u + v <= 1), t, np.inf)
    assert np.array_equal(np.isinf(distance), np.isinf(expected.min(1)))
    found = hit >= 0
    assert np.allclose(distance[found], expected.min(1)[found], rtol=1e-4)
    assert np.array_equal(hit[found], expected.argmin(1)[found])


def test_filtering_keeps_a_plain_texture_plain(bare_room):
    """Weights of texels, mip levels and taps add up to one at every distance and slant."""
    lit = bare_room.look._replace(light=np.ones_like(bare_room.look.light))
    evenly_lit = type(bare_room)(bare_room.size_m, bare_room.shell, lit, bare_room.bvh, bare_room.surface_points)
    for samples in (1, 3):
        radiance = Renderer(evenly_lit, pinhole(200, 150, 80), samples).render(view_from(0.2, 0.2, 0.15, 0.6, 0.05))[0]
        assert np.abs(radiance - 0.5).max() < 1e-3


def test_the_crate_casts_a_shadow(bare_room):
    """The floor behind the crate, seen from the window, is darker than beside it."""
    points = bare_room.surface_points.data
    floor = np.abs(points[:, 2]) < 1e-3
    light = bare_room.look.light[:, 1]

    def floor_light(x, y):
        return light[floor & (np.hypot(points[:, 0] - x, points[:, 1] - y) < 0.12)].mean()

    assert floor_light(2.7, 2.0) < 0.75 * floor_light(1.2, 2.0)


def test_depth_and_poses_carry_one_frame_into_another(opened):
    frames = list(opened(WALKED, depth_every=1, max_frames=40))
    a, b = frames[20], frames[32]
    camera = a.sensor_depth.camera
    T_b_a = inverse(b.T_world_cam_true) @ a.T_world_cam_true
    points = camera.backproject(a.sensor_depth.depth_m) @ T_b_a[:3, :3].T + T_b_a[:3, 3]
    u, v = np.moveaxis(camera.project(points), -1, 0)
    seen_m = map_coordinates(b.sensor_depth.depth_m, [v, u], order=1, cval=0)
    same = np.abs(seen_m - points[..., 2]) < 0.003 * points[..., 2]
    warped = map_coordinates(b.rgb.mean(-1), [v, u], order=1)
    error = np.abs(warped - a.rgb.mean(-1))[same]
    assert same.mean() > 0.5
    assert np.median(error) < 1.5 and error.mean() < 4.0


@pytest.mark.parametrize("frames, loop", [(60, True), (300, True), (300, False), (1500, True)])
def test_walks_are_rigid_and_as_smooth_as_a_hand(room, frames, loop):
    T = hand_held_walk(room, frames, 30.0, 7, loop)
    assert T.shape == (frames, 4, 4)
    assert np.allclose(T[:, :3, :3] @ T[:, :3, :3].swapaxes(1, 2), np.eye(3), atol=1e-9)
    assert np.allclose(np.linalg.det(T[:, :3, :3]), 1)
    velocity = np.diff(T[:, :3, 3], axis=0) * 30
    turns = np.degrees([rotation_angle_rad(inverse(a) @ b) for a, b in zip(T[:-1], T[1:])]) * 30
    assert 0.25 < np.linalg.norm(velocity, axis=1).mean() < 0.65
    assert np.linalg.norm(velocity, axis=1).max() < 0.9
    assert turns.max() < 45
    jerk = np.diff(velocity, n=2, axis=0) * 30**2
    assert np.sqrt((jerk**2).sum(1).mean()) < 30
    assert np.ptp(T[:, 2, 3]) < 0.5 and np.all((T[:, 2, 3] > 1.15) & (T[:, 2, 3] < 1.75))


@pytest.mark.parametrize("frames", [300, 900])
def test_walks_end_where_they_start(room, frames):
    T = hand_held_walk(room, frames, 30.0, 3)
    closing = inverse(T[-1]) @ T[0]
    assert np.linalg.norm(closing[:3, 3]) < 0.05 and np.degrees(rotation_angle_rad(closing)) < 3
    turned = np.degrees([rotation_angle_rad(inverse(T[0]) @ T_k) for T_k in T])
    assert turned.max() > 25


@pytest.mark.parametrize("seed", [7, 8])
def test_walks_stay_clear_of_all_surfaces(room, seed):
    places = hand_held_walk(room, 600, 30.0, seed)[::20, :3, 3]
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(len(places) * 1500, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distance, hit = cast(room.bvh, np.repeat(places, 1500, 0), directions)
    assert (hit >= 0).all(), "the room is closed"
    assert distance.min() > 0.5


def test_the_same_options_give_the_same_bytes(room):
    again = build_room(7)
    assert all(np.array_equal(a, b) for a, b in zip(room.look, again.look))
    T = hand_held_walk(room, 30, 30.0, 7)
    assert np.array_equal(T, hand_held_walk(again, 30, 30.0, 7))
    one, other = (Renderer(r, pinhole(160, 120, 65)).render(T[10]) for r in (room, again))
    assert np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])


def test_another_seed_is_another_room(room):
    other = build_room(8)
    assert other.size_m != room.size_m
    assert len(other.shell.triangles) != len(room.shell.triangles)
    pictures = [developed(Renderer(r, pinhole(160, 120, 65)).render(hand_held_walk(r, 1, 30.0, 7)[0])[0]).astype(float)
                for r in (room, other)]
    assert np.abs(pictures[0] - pictures[1]).mean() > 15


def test_frames_are_well_exposed_and_rich(opened):
    for frame in list(opened("7,frames=150,size=160x120"))[::30]:
        gray = frame.rgb.mean(-1)
        gradient = np.hypot(*np.gradient(gray))
        assert 60 < gray.mean() < 200
        assert np.mean(gray > 250) < 0.25 and np.mean(gray < 4) < 0.1
        # of 8 x 8 blocks nearly all show some structure
        assert np.mean(gradient.reshape(15, 8, 20, 8).max((1, 3)) > 2) > 0.9


def test_noise_is_as_strong_as_it_says(opened):
    rng = np.random.default_rng(0)
    grey = np.full((200, 200, 3), MID_GREY, np.float32)
    assert tone(MID_GREY) == pytest.approx(0.5, abs=0.002)
    assert tone(with_noise(grey, 0.02, rng)).std() == pytest.approx(0.02, rel=0.05)
    clean, noisy, again = (next(iter(opened(WALKED + extra))).rgb.astype(float)
                           for extra in ("", ",noise=0.02", ",noise=0.02"))
    mid = np.abs(clean - 127) < 12
    assert (noisy - clean)[mid].std() / 255 == pytest.approx(0.02, rel=0.15)
    assert np.array_equal(noisy, again)
    first, second = (frame.rgb.astype(float) for frame in opened(WALKED + ",noise=0.05", max_frames=2))
    clean_second = list(opened(WALKED, max_frames=2))[1].rgb
    assert np.corrcoef((first - clean).ravel(), (second - clean_second).ravel())[0, 1] < 0.1


def test_exposure_scales_light_and_jumps(opened):
    plain, exposed = opened(WALKED), opened(WALKED + ",exposure=0.5")
    stops = np.log2(exposed.gains)
    assert np.abs(stops).max() <= 1.0 and np.ptp(stops) > 0.3
    assert np.all(plain.gains == 1)
    step = np.abs(np.diff(stops))
    assert step.max() > 5 * np.median(step)
    index = int(np.argmin(stops))
    renderer = Renderer(plain.room, plain.true_camera, 3)
    expected = developed(renderer.render(plain.ground_truth[1][index])[0] * np.float32(exposed.gains[index]))
    assert np.array_equal(list(exposed)[index].rgb, expected)


def test_blur_smears_along_the_motion(opened):
    sharp, blurred = opened("7,frames=60,size=160x120"), opened("7,frames=60,size=160x120,blur=1")
    T = sharp.ground_truth[1]
    turning = [np.abs((inverse(a) @ b)[0, 2]) for a, b in zip(T[:-1], T[1:])]
    index = int(np.argmax(turning))
    one, other = (list(sequence)[index] for sequence in (sharp, blurred))
    across, along = (np.abs(np.diff(other.rgb.astype(float), axis=axis)).mean()
                     / np.abs(np.diff(one.rgb.astype(float), axis=axis)).mean() for axis in (0, 1))
    assert along < 0.9 and along < across
    assert np.abs(one.rgb.mean() - other.rgb.mean()) < 1.5


def test_frames_carry_what_was_asked_for(opened):
    sequence = opened("7,frames=20,size=256x144,fov=80,rate=25", depth_every=3, max_frames=8)
    frames = list(sequence)
    assert sequence.frame_count == len(frames) == 8
    assert sequence.camera.size == (144, 256)
    assert np.degrees(2 * np.arctan(128 / sequence.camera.fx)) == pytest.approx(80)
    assert (sequence.camera.cx, sequence.camera.cy) == (127.5, 71.5)
    assert [frame.sensor_depth is not None for frame in frames] == [k % 3 == 0 for k in range(8)]
    assert frames[0].sensor_depth.depth_m.shape == (144, 256) and frames[0].sensor_depth.depth_m.min() > 0.4
    assert frames[5].timestamp_s == pytest.approx(0.2) and frames[5].index == 5
    assert frames[5].rgb.shape == (144, 256, 3) and frames[5].rgb.dtype == np.uint8
    times_s, T_world_cam = sequence.ground_truth
    assert np.array_equal(frames[5].T_world_cam_true, T_world_cam[5]) and times_s[5] == frames[5].timestamp_s
    assert list(opened("7,frames=1,size=64x48"))[0].rgb.shape == (48, 64, 3)


def test_random_views_repeat_and_vary(room):
    one, again, other = (random_view(room, seed, (96, 128), samples=1) for seed in (1, 1, 2))
    assert np.array_equal(one.rgb, again.rgb) and np.array_equal(one.depth_m, again.depth_m)
    assert one.rgb.shape == (96, 128, 3) and one.depth_m.shape == (96, 128) and one.depth_m.min() > 0.2
    assert one.camera.fx != other.camera.fx and not np.array_equal(one.rgb, other.rgb)


def test_close_views_look_at_things_on_furniture(room):
    medians_m = [np.median(random_view(room, seed, (48, 64), samples=1, close=True).depth_m) for seed in range(5)]
    assert all(0.2 < median_m < 1.0 for median_m in medians_m)


def test_options_are_read():
    assert parse_synthetic("synthetic") == parse_synthetic("") == SyntheticOptions()
    assert parse_synthetic("synthetic:12").seed == 12
    read = parse_synthetic("synthetic:seed=3, frames=600,size=640x480,noise=0.01,exposure=0.3,blur=0.5,loop=0,"
                           "samples=3")
    assert read == SyntheticOptions(seed=3, frames=600, size=(640, 480), noise=0.01, exposure=0.3, blur=0.5, loop=False,
                                    samples=3)
    assert parse_synthetic("5,fov=80") == SyntheticOptions(seed=5, fov=80.0)


@pytest.mark.parametrize("text, says", [
    ("synthetic:colour=3", "no option 'colour'"),
    ("synthetic:frames=many", "frames takes a number, not 'many'"),
    ("synthetic:frames=0", "frames goes from 1"),
    ("synthetic:size=640", "WIDTHxHEIGHT"),
    ("synthetic:size=4x3", "16x16"),
    ("synthetic:blur=2", "blur goes from 0 to 1"),
    ("synthetic:samples=2", "1, 3 or 5"),
    ("synthetic:loop=yes", "0 or 1"),
    ("synthetic:1,seed=2", "twice"),
    ("synthetic:noise=nan", "noise goes from"),
    ("synthetic:one", "seed takes a number")])
def test_bad_options_say_so_in_one_line(text, says):
    with pytest.raises(SourceError) as caught:
        SyntheticSequence(text, SourceOptions())
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
