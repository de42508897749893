"""Which images show which triangles of a mesh, and which of them each triangle is to be painted from."""

from typing import NamedTuple

import numpy as np

from slam.kernels.compile import kernel, ordered_inline, ordered_kernel

ONE, HALF = np.float32(1), np.float32(0.5)


class Candidates(NamedTuple):
    """The images that show each of T triangles best, up to K of them, in no order."""

    photo: np.ndarray
    """(T, K) int32: number of the photo, -1 where there are fewer."""
    quality: np.ndarray
    """(T, K) float32: pixels per metre in the direction that is seen worst, less near edges of depth."""
    colour: np.ndarray
    """(T, K, 3) float32 in 0..255, around the triangle's middle."""
    contrast: np.ndarray
    """(T, K) float32: gradient around the triangle's middle, grey levels per pixel."""


class Sight(NamedTuple):
    """A mesh as one image shows it."""

    projected: np.ndarray
    """(V, 3) float32: pixel u, v and inverse depth of each vertex; not positive behind the camera."""
    resolution: np.ndarray
    """(T,) float32: pixels per metre of each triangle, 0 where it is not to be painted from this image."""
    nearest: np.ndarray
    """(h, w) float32: inverse depth of what is seen."""
    edge_span: np.ndarray
    """(h, w, 2) float32: least and greatest inverse depth around each pixel."""
    pixels: np.ndarray
    """(h, w, 4) float32: red, green and blue in 0..255, and gradient, all smoothed."""


class Graph(NamedTuple):
    """Triangles and those across their edges."""

    neighbour: np.ndarray
    """(T, 3) int32, -1 at a border."""
    slot: np.ndarray
    """(T, 3) int32: which of the neighbour's neighbours this triangle is."""
    weight: np.ndarray
    """(T, 3) float32: cost of a seam at that edge."""


@kernel
def add_candidate(triangles, sight, photo, tolerances, candidates):
    """Note where a photo shows a triangle better than the worst of its candidates.

    tolerances (occlusion, edge, edge_factor) float32: relative inverse depth by which another surface hides a corner;
    the same that makes an edge of depth; factor on the quality beside one.
    """
    occlusion, edge, edge_factor = tolerances
    height, width = sight.nearest.shape
    for t in range(len(triangles)):
        quality = sight.resolution[t]
        if not quality > 0:
            continue
        middle_u, middle_v, visible = np.float32(0), np.float32(0), True
        for k in range(3):
            corner = triangles[t, k]
            u, v, w = sight.projected[corner, 0], sight.projected[corner, 1], sight.projected[corner, 2]
            if not (w > 0 and u >= 0 and v >= 0 and u <= width - 1 and v <= height - 1):
                visible = False
                break
            row, column = int(v + HALF), int(u + HALF)
            if sight.nearest[row, column] > w * (ONE + occlusion):
                visible = False
                break
            if sight.edge_span[row, column, 1] > w * (ONE + edge) or sight.edge_span[row, column, 0] * (ONE + edge) < w:
                quality = edge_factor * sight.resolution[t]
            middle_u += u / np.float32(3)
            middle_v += v / np.float32(3)
        if not visible:
            continue
        worst = 0
        for k in range(1, candidates.photo.shape[1]):
            if candidates.quality[t, k] < candidates.quality[t, worst]:
                worst = k
        if quality > candidates.quality[t, worst]:
            row, column = int(middle_v + HALF), int(middle_u + HALF)
            candidates.photo[t, worst], candidates.quality[t, worst] = photo, quality
            for k in range(3):
                candidates.colour[t, worst, k] = sight.pixels[row, column, k]
            candidates.contrast[t, worst] = sight.pixels[row, column, 3]


@ordered_kernel
def choose_photos(cost, photo, graph, messages, choice):
    """One iteration of tree-reweighted message passing on a Potts model (TRW-S, Kolmogorov 2006).

    cost (T, K) float32 of painting triangle t from photo[t, k]; a seam between two photos costs the edge's weight.
    Updates messages (T, 3, K) float32, into each triangle from its neighbours, and choice (T,) int32, columns of photo.
    """
    count, width = cost.shape
    belief = np.empty(width, np.float32)
    for direction in range(2):
        for step in range(count):
            t = step if direction == 0 else count - 1 - step
            before, after = 0, 0
            for k in range(width):
                belief[k] = cost[t, k]
            for s in range(3):
                other = graph.neighbour[t, s]
                if other >= 0:
                    before += other < t
                    after += other > t
                    for k in range(width):
                        belief[k] += messages[t, s, k]
            share = ONE / np.float32(max(before, after, 1))
            if direction == 1:
                _choose(t, cost[t], photo, graph, messages, choice)
            for s in range(3):
                other = graph.neighbour[t, s]
                if other >= 0 and (other > t) == (direction == 0):
                    _send(t, s, share, belief, photo, graph, messages)


@ordered_inline
def _choose(t, cost, photo, graph, messages, choice):
    """The cheapest column of t, given what triangles after it have chosen and the messages of those before."""
    best = np.float32(np.inf)
    for k in range(len(cost)):
        total = cost[k]
        for s in range(3):
            other = graph.neighbour[t, s]
            if other > t:
                total += graph.weight[t, s] * (photo[other, choice[other]] != photo[t, k])
            elif other >= 0:
                total += messages[t, s, k]
        if total < best:
            best = total
            choice[t] = k


@ordered_inline
def _send(t, s, share, belief, photo, graph, messages):
    """The message of triangle t to its neighbour s."""
    other, back = graph.neighbour[t, s], graph.slot[t, s]
    cheapest = np.float32(np.inf)
    for k in range(len(belief)):
        cheapest = min(cheapest, share * belief[k] - messages[t, s, k])
    least = np.float32(np.inf)
    for k in range(len(belief)):
        value = cheapest + graph.weight[t, s]
        for m in range(len(belief)):
            if photo[t, m] == photo[other, k]:
                value = min(value, share * belief[m] - messages[t, s, m])
        messages[other, back, k] = value
        least = min(least, value)
    for k in range(len(belief)):
        messages[other, back, k] -= least
