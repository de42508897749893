"""The renderer: depth is that of the geometry, rays agree, textures are filtered evenly, light casts shadows."""

import numpy as np
import pytest

from calib.geometry.camera import Camera
from sequences.synthetic.materials.texture import Texture
from sequences.synthetic.renderer import Renderer
from sequences.synthetic.rendering.bvh import cast
from sequences.synthetic.room import assembled
from sequences.synthetic.sequence import pinhole
from sequences.synthetic.shapes.light import Light
from sequences.synthetic.shapes.patch import Material
from sequences.synthetic.shapes.solids import box

SIZE_M = np.array([4.0, 3.0, 2.5])
CRATE_M = np.array([[2.4, 1.0, 0.0], [3.0, 1.9, 0.8]])


@pytest.fixture(scope="module")
def bare_room():
    """A box with a crate in it, all of the same plain reflectance, and a window along one side."""
    plain = Texture(np.full((64, 64, 3), 0.5, np.float32))
    material = Material("plain")
    patches = [patch.reversed() for patch in box((0, 0, 0), SIZE_M, material)] + box(CRATE_M[0], CRATE_M[1], material)
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
    exact = np.minimum(slab_depth(camera, T, np.zeros(3), SIZE_M, True),
                       slab_depth(camera, T, CRATE_M[0], CRATE_M[1], False))
    assert depth_m.dtype == np.float32
    # a pixel centre within rounding of an edge may fall to either side
    assert np.mean(np.abs(depth_m - exact) < 2e-6 * exact) > 0.9998


def test_rays_and_rasters_agree(room):
    camera = pinhole(160, 120, 70)
    x, y, z = np.multiply(room.size_m, (0.5, 0.5, 0.55))
    T = view_from(x, y, z, 0.7, -0.2)
    renderer = Renderer(room, camera)
    depth_m = renderer.render(T)[1]
    rays = camera.rays().reshape(-1, 3) @ T[:3, :3].T
    hit_m = cast(room.bvh, np.broadcast_to(T[:3, 3], rays.shape), rays)[0].reshape(camera.size)
    # rays also hit the backs of leaves and curtains, whose triangles are cut along the other diagonal
    assert np.mean(np.abs(depth_m - hit_m) < 5e-3 * hit_m) > 0.999
    assert np.mean(np.abs(depth_m - hit_m) < 1e-5 * hit_m) > 0.97


def test_filtering_keeps_a_plain_texture_plain(bare_room):
    """Weights of texels, mip levels and taps add up to one at every distance and slant."""
    lit = bare_room.look._replace(light=np.ones_like(bare_room.look.light))
    evenly_lit = type(bare_room)(bare_room.size_m, bare_room.shell, lit, bare_room.bvh, bare_room.surface_points)
    for samples in (1, 3):
        radiance = Renderer(evenly_lit, pinhole(200, 150, 80), samples).render(view_from(0.2, 0.2, 0.15, 0.6, 0.05))[0]
        assert np.abs(radiance - 0.5).max() < 1e-3


def test_the_crate_casts_a_shadow(bare_room):
    """The floor behind the crate, seen from the window, is darker than next to it."""
    points = bare_room.surface_points.data
    floor = np.abs(points[:, 2]) < 1e-3
    light = bare_room.look.light[:, 1]

    def floor_light(x, y):
        return light[floor & (np.hypot(points[:, 0] - x, points[:, 1] - y) < 0.12)].mean()

    assert floor_light(2.7, 2.0) < 0.75 * floor_light(1.2, 2.0)
