"""Which pieces a room gets and in which order they find their places: living room, bedroom, study, dining room."""

import numpy as np

from sequences.synthetic.floor_plan import DOOR_SPACE_M, FloorPlan
from sequences.synthetic.furniture import (
    beds,
    books,
    clutter,
    lamps,
    openings,
    plants,
    seating,
    storage,
    tables,
    wall_hangings,
)
from sequences.synthetic.materials.kit import Kit

DAYLIGHT = np.array([0.92, 0.98, 1.08])
HANDS = (clutter.basket, clutter.carton, clutter.bin, clutter.toy_ball, seating.pouf, seating.stool, books.book_stack)


def furnished(kit: Kit, rng: np.random.Generator, length: float, width: float, height: float) -> FloorPlan:
    """A FloorPlan full of patches and lights."""
    plan = FloorPlan(length, width, height)
    _openings(plan, kit, rng)
    (_living_room, _bedroom, _study, _dining_room)[rng.integers(4)](plan, kit, rng)
    _extras(plan, kit, rng)
    _hangings(plan, kit, rng)
    plan.put(lamps.ceiling_lamp(kit, rng, height, rng.uniform(4, 8)), length / 2, width / 2, rng.uniform(0, 3))
    return plan


def _openings(plan, kit, rng):
    """A door, one or two windows on other walls with radiators under some, skirting and cornice."""
    order = rng.permutation(4)
    door_wall = plan.walls[order[0]]
    side = rng.choice([-1, 1]) * (door_wall.length_m / 2 - rng.uniform(0.7, 1.0))
    door = openings.door(kit, rng)
    plan.on_wall(door, order[0], side)
    plan.keep_free(order[0], side, door.width_m, DOOR_SPACE_M)
    plan.hung.append((order[0], side - 0.6, side + 0.6, 0.0, door.height_m))
    plan.hang(wall_hangings.switch(kit, rng), order[0], side - np.sign(side) * 0.72, 1.1)
    for number in order[1:rng.integers(2, 4)]:
        wall = plan.walls[number]
        width = min(rng.choice([1.2, 1.5, 1.8]), wall.length_m - 1.4)
        along = rng.uniform(-1, 1) * (wall.length_m / 2 - width / 2 - 0.45)
        sill, top = rng.uniform(0.85, 1.0), min(plan.height_m - 0.3, 2.2)
        window = openings.window(kit, rng, width, top - sill, sill, rng.uniform(5, 8) * DAYLIGHT)
        plan.on_wall(window, number, along)
        reach = width / 2 + 0.32
        plan.windows.append((number, along - reach, along + reach, sill))
        plan.hung.append((number, along - reach, along + reach, sill - 0.2, top + 0.25))
        if rng.random() < 0.5:
            plan.on_wall(openings.radiator(kit, rng), number, along)
    for number, wall in enumerate(plan.walls):
        for patch in openings.cornice(wall.length_m, plan.height_m, kit):
            plan.patches.append(patch.moved(wall.T_room_wall @ _shift(-wall.length_m / 2)))
        stretches = [(-wall.length_m / 2, wall.length_m / 2)]
        if number == order[0]:
            stretches = [(-wall.length_m / 2, side - 0.5), (side + 0.5, wall.length_m / 2)]
        for start, stop in stretches:
            for patch in openings.skirting(stop - start, kit):
                plan.patches.append(patch.moved(wall.T_room_wall @ _shift(start)))


def _shift(along):
    T = np.eye(4)
    T[0, 3] = along
    return T


def _living_room(plan, kit, rng):
    place = plan.stand_at_wall(seating.sofa(kit, rng), rng)
    if place:
        _in_front(plan, kit, rng, place, tables.coffee_table(kit, rng), 0.9, 0.38)
        opposite = place[0] ^ 1
        plan.stand_at_wall(storage.sideboard(kit, rng), rng, [opposite, *rng.permutation(4)])
    _line_up(plan, kit, rng, storage.bookshelf, seating.armchair, lamps.floor_lamp, plants.potted_plant, tables.bedside,
             storage.drawers, seating.armchair, storage.bookshelf, tables.desk, plants.potted_plant)


def _bedroom(plan, kit, rng):
    bed = beds.bed(kit, rng)
    place = plan.stand_at_wall(bed, rng)
    if place:
        wall = plan.walls[place[0]]
        for side in rng.permutation([-1, 1]):
            stand = tables.bedside(kit, rng)
            along = place[1] + side * (bed.width_m / 2 + stand.width_m / 2 + 0.06)
            x, y = wall.point(along, stand.depth_m / 2 + 0.03)
            if plan.stand(stand, x, y, wall.yaw_rad):
                plan.hung.append((place[0], along - 0.25, along + 0.25, 0, 1.1))
    _rug_in_the_middle(plan, kit, rng)
    _line_up(plan, kit, rng, storage.cupboard, storage.drawers, tables.desk, seating.armchair, plants.potted_plant,
             seating.bench, storage.bookshelf, lamps.floor_lamp, plants.potted_plant, storage.sideboard)


def _study(plan, kit, rng):
    desk = tables.desk(kit, rng)
    place = plan.stand_at_wall(desk, rng)
    if place:
        _in_front(plan, kit, rng, place, seating.office_chair(kit, rng), desk.depth_m, -0.02,
                  np.pi + rng.uniform(-0.7, 0.7), rug=False)
    _rug_in_the_middle(plan, kit, rng)
    _line_up(plan, kit, rng, storage.bookshelf, storage.bookshelf, seating.armchair, lamps.floor_lamp, storage.drawers,
             plants.potted_plant, storage.sideboard, storage.plant_stand, seating.sofa)


def _dining_room(plan, kit, rng):
    table = tables.dining_table(kit, rng)
    turn = rng.uniform(-0.25, 0.25) + (np.pi / 2 if plan.width_m > plan.length_m else 0)
    x, y = plan.length_m / 2 + rng.uniform(-0.3, 0.3), plan.width_m / 2 + rng.uniform(-0.2, 0.2)
    carpet = beds.rug(kit, min(table.width_m + 1.2, plan.length_m - 1), min(table.depth_m + 1.2, plan.width_m - 1))
    plan.put(carpet, x, y, turn)
    plan.stand(table, x, y, turn)
    c, s = np.cos(turn), np.sin(turn)
    for side, along in ((-1, -0.3), (-1, 0.32), (1, -0.28), (1, 0.3), (2, 0), (-2, 0)):
        chair = seating.chair(kit, rng)
        reach = table.depth_m / 2 + rng.uniform(0.24, 0.4)
        end = table.width_m / 2 + rng.uniform(0.24, 0.4)
        local = (along, side * reach) if abs(side) == 1 else (np.sign(side) * end, 0)
        facing = {-1: 0.0, 1: np.pi, 2: np.pi / 2, -2: -np.pi / 2}[side]
        if rng.random() < 0.85:
            plan.stand(chair, x + c * local[0] - s * local[1], y + s * local[0] + c * local[1],
                       turn + facing + rng.normal(0, 0.15))
    _line_up(plan, kit, rng, storage.sideboard, storage.drawers, storage.bookshelf, plants.potted_plant,
             storage.plant_stand, storage.cupboard, lamps.floor_lamp, seating.bench)


def _line_up(plan, kit, rng, *makers):
    """Stand pieces at the walls while the floor has space, tall ones not everywhere."""
    budget = 0.40 * plan.length_m * plan.width_m
    for make in makers:
        used = sum(_area(corners) for corners in plan.footprints)
        piece = make(kit, rng)
        if used + piece.width_m * piece.depth_m < budget + 0.6:
            turn = rng.uniform(-0.4, 0.4) if make in (seating.armchair,) else 0.0
            plan.stand_at_wall(piece, rng, turn=turn)


def _area(corners):
    return np.linalg.norm(corners[1] - corners[0]) * np.linalg.norm(corners[2] - corners[1])


def _in_front(plan, kit, rng, place, piece, depth, gap, turn=0.0, rug=True):
    """Stand a piece before one that stands at a wall, `gap` metres off it, on a rug."""
    wall = plan.walls[place[0]]
    x, y = wall.point(place[1], depth + gap + piece.depth_m / 2)
    if rug:
        x = np.clip(x, 1.1, plan.length_m - 1.1)
        y = np.clip(y, 0.9, plan.width_m - 0.9)
        plan.put(beds.rug(kit, rng.uniform(1.7, 2.0), rng.uniform(1.2, 1.5)), x, y, wall.yaw_rad)
        x, y = wall.point(place[1], depth + gap + piece.depth_m / 2)
    plan.stand(piece, x, y, wall.yaw_rad + turn)


def _rug_in_the_middle(plan, kit, rng):
    across = plan.length_m > plan.width_m
    length, width = (plan.length_m, plan.width_m) if across else (plan.width_m, plan.length_m)
    rug = beds.rug(kit, min(rng.uniform(1.8, 2.4), length - 1.4), min(rng.uniform(1.2, 1.6), width - 1.4))
    plan.put(rug, plan.length_m / 2, plan.width_m / 2, (0 if across else np.pi / 2) + rng.uniform(-0.1, 0.1))


def _extras(plan, kit, rng):
    """Small things on the floor: in corners, along walls, and a few out in the room."""
    for make in rng.permutation(np.array(HANDS, dtype=object))[:int(rng.integers(5, 8))]:
        plan.stand_anywhere(make(kit, rng), rng)
    plan.stand_anywhere(plants.potted_plant(kit, rng, rng.uniform(0.6, 1.1)), rng)
    for make in (clutter.toy_ball, books.book_stack, clutter.papers)[:int(rng.integers(1, 4))]:
        plan.stand_anywhere(make(kit, rng), rng, near_walls=False)


def _hangings(plan, kit, rng):
    """Fill the walls: at every free stretch something at eye height, or above the furniture there."""
    rack_wall = rng.integers(4)
    plan.hang(wall_hangings.coat_rack(kit, rng), rack_wall, rng.uniform(-0.6, 0.6), 1.35)
    for number in rng.permutation(4):
        if plan.hang(wall_hangings.clock(kit, rng), number, rng.uniform(-0.8, 0.8), 1.9):
            break
    for number, wall in enumerate(plan.walls):
        for along in rng.uniform(-wall.length_m / 2, wall.length_m / 2, 16):
            piece = wall_hangings.HANGINGS[rng.integers(len(wall_hangings.HANGINGS))](kit, rng)
            for middle in (rng.uniform(1.4, 1.6), rng.uniform(1.65, 1.85)):
                if plan.hang(piece, number, along, middle):
                    break
