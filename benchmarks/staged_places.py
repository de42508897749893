"""Hard places that are rendered: a corridor of plain walls round a corner, and a camera that turns over a desk."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from calib.geometry.camera import Camera
from sequences.frame import DepthImage, Frame
from sequences.synthetic.floor_plan import FloorPlan
from sequences.synthetic.furniture import books, lamps, openings, plants, seating, storage, tables, wall_hangings
from sequences.synthetic.hand_held import looking, steps, tremor
from sequences.synthetic.materials import wall_textures
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.renderer import Renderer
from sequences.synthetic.rendering.sensor import developed, exposure_gains, with_noise
from sequences.synthetic.room import Room, assembled, faces
from sequences.synthetic.sequence import pinhole
from sequences.synthetic.shapes.patch import placed
from sequences.synthetic.shapes.solids import quad

SIZE = 640, 480
FIELD_OF_VIEW_DEG = 62.0
RATE_HZ = 30.0
NOISE = 0.012
EXPOSURE_STOPS = 0.15
CORRIDOR_M = 12.0, 10.0, 1.9, 2.6
"""Length before and after the corner, width, height."""
DESK_ROOM_M = 4.2, 3.6, 2.6


class Place(NamedTuple):
    """A room and the camera's way through it."""

    room: Room
    T_room_cam: np.ndarray
    """(N, 4, 4)."""


def corridor(frame_count: int, seed: int = 0) -> Place:
    """18 m along plain walls with few doors, once round a corner."""
    rng = np.random.default_rng([seed, 31])
    kit = Kit(seed)
    kit.roles["wall"] = wall_textures.plaster, ((0.82, 0.80, 0.75), 0.35)
    first, second, width, height = CORRIDOR_M
    corners = [(0, 0), (first, 0), (first, second), (first - width, second), (first - width, width), (0, width)]
    patches, lights = [], []
    for a, b in zip(np.array(corners), np.array([*corners[1:], corners[0]])):
        length, turn = float(np.linalg.norm(b - a)), np.arctan2(*(b - a)[::-1])
        wall = [quad((length, 0, 0), (-length, 0, 0), (0, 0, height), kit["wall"]).shifted_texture((rng.uniform(), 0))]
        wall += openings.skirting(length, kit)
        for along in np.arange(1.6, length - 0.6, 4.3) if length > 3 else [width / 2]:
            wall += placed(openings.door(kit, rng).patches, x=along)
        patches += placed(wall, *a, yaw_rad=turn)
    for x, y, length, depth in ((0, 0, first, width), (first - width, width, width, second - width)):
        patches.append(quad((x, y, 0), (length, 0, 0), (0, depth, 0), kit["floor"]))
        patches.append(quad((x, y + depth, height), (length, 0, 0), (0, -depth, 0), kit["ceiling"]))
    for x, y in [(x, width / 2) for x in (1.5, 4.5, 7.5, 11.0)] + [(first - width / 2, y) for y in (4.0, 7.0, 9.2)]:
        pieces, shine = lamps.ceiling_lamp(kit, rng, height, 5.0).put(x, y)
        patches, lights = patches + pieces, lights + shine
    room = assembled((first, second, height), patches, kit.textures, lights, rng)
    return Place(room, _along_corridor(frame_count, rng))


def turning(frame_count: int, seed: int = 0) -> Place:
    """A camera that looks around over a desk and hardly leaves its place: 3 mm a frame."""
    rng = np.random.default_rng([seed, 32])
    kit = Kit(seed)
    length, width, height = DESK_ROOM_M
    plan = FloorPlan(length, width, height)
    desk = tables.desk(kit, rng)
    plan.stand(desk, length / 2, desk.depth_m / 2 + 0.03, 0.0)
    plan.hung.append((0, -desk.width_m / 2, desk.width_m / 2, 0.0, 1.3))
    for make in (storage.bookshelf, storage.drawers, plants.potted_plant, storage.sideboard, seating.armchair):
        plan.stand_at_wall(make(kit, rng), rng)
    for x in np.arange(-0.5, 0.6, 0.25):
        pile = books.book_stack(kit, rng)
        plan.put(pile, length / 2 + x, 0.16, 0.0, 0.74)
    for number, wall in enumerate(plan.walls):
        for along in rng.uniform(-wall.length_m / 2, wall.length_m / 2, 10):
            plan.hang(wall_hangings.HANGINGS[rng.integers(len(wall_hangings.HANGINGS))](kit, rng), number, along, 1.6)
    plan.put(lamps.ceiling_lamp(kit, rng, height, 7.0), length / 2, width / 2, 0.4)
    patches = faces(kit, rng, length, width, height) + plan.patches
    room = assembled(DESK_ROOM_M, patches, kit.textures, plan.lights, rng)
    return Place(room, _over_desk(frame_count, (length / 2, desk.depth_m + 0.18, 1.22), rng))


def rendered(place: Place, seed: int = 0) -> tuple[Camera, Iterator[Frame]]:
    """-> the camera, and frames with noise, wandering exposure, depth and ground truth"""
    camera = pinhole(*SIZE, FIELD_OF_VIEW_DEG)
    return camera, _frames(place, camera, seed)


def _frames(place, camera, seed):
    renderer = Renderer(place.room, camera)
    gains = exposure_gains(len(place.T_room_cam), RATE_HZ, EXPOSURE_STOPS, np.random.default_rng([seed, 33]))
    for index, (T_room_cam, gain) in enumerate(zip(place.T_room_cam, gains)):
        radiance, depth_m = renderer.render(T_room_cam)
        radiance = with_noise(radiance * np.float32(gain), NOISE, np.random.default_rng([seed, 34, index]))
        yield Frame(index, index / RATE_HZ, developed(radiance), sensor_depth=DepthImage(depth_m, camera),
                    T_world_cam_true=T_room_cam)


def _along_corridor(frame_count, rng):
    """(N, 4, 4) down the middle at an even pace, cutting the corner, looking ahead and a little about."""
    first, second, width, _ = CORRIDOR_M
    corner = first - width / 2
    dense = np.concatenate([np.stack([np.linspace(1.2, corner, 400), np.full(400, width / 2)], -1),
                            np.stack([np.full(400, corner), np.linspace(width / 2, second - 1.2, 400)], -1)])
    dense = gaussian_filter1d(dense, 18, axis=0, mode="nearest")
    way = np.append(0, np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1)))
    along = np.linspace(0, way[-1], frame_count)
    xy = np.stack([np.interp(along, way, dense[:, k]) for k in (0, 1)], -1)
    ahead = np.gradient(gaussian_filter1d(xy, 0.03 * frame_count, axis=0, mode="nearest"), axis=0)
    phase = np.linspace(0, 1, frame_count)
    yaw = np.unwrap(np.arctan2(ahead[:, 1], ahead[:, 0])) + 0.16 * np.sin(14 * phase)
    pitch = np.radians(-6 + 4 * np.sin(9 * phase + 1))
    return _held(np.column_stack([xy, np.full(frame_count, 1.4)]), yaw, pitch, 0 * phase, frame_count, rng)


def _over_desk(frame_count, centre, rng):
    """(N, 4, 4) at a place, in turn looking from side to side, up and down, and rolling, like fr1/rpy."""
    time_s = np.arange(frame_count) / RATE_HZ
    yaw = -np.pi / 2 + np.radians(42) * np.sin(2 * np.pi * time_s / 5.3)
    pitch = np.radians(-30 + 18 * np.sin(2 * np.pi * time_s / 3.7 + 0.5))
    roll = np.radians(14) * np.sin(2 * np.pi * time_s / 6.1 + 1.0)
    drift = 0.06 * np.stack([np.sin(2 * np.pi * time_s / period + k) for k, period in enumerate((7.0, 9.0, 8.0))], -1)
    return _held(np.array(centre) + drift, yaw, pitch, roll, frame_count, rng, is_walking=False)


def _held(place_m, yaw, pitch, roll, frame_count, rng, is_walking=True):
    """(N, 4, 4) of a hand-held camera."""
    phase, duration_s = np.linspace(0, 1, frame_count), frame_count / RATE_HZ
    T = np.tile(np.eye(4), (frame_count, 1, 1))
    size = 1.0 if is_walking else 0.4
    T[:, :3, 3] = place_m + tremor(rng, phase, duration_s, size * 0.0025)
    if is_walking:
        T[:, :3, 3] += steps(phase, duration_s)
    shake = Rotation.from_rotvec(tremor(rng, phase, duration_s, size * np.radians(0.25))).as_matrix()
    rolled = Rotation.from_euler("z", roll[:, None]).as_matrix()
    T[:, :3, :3] = looking(yaw, pitch) @ rolled @ shake
    return T
