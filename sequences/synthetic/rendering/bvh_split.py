"""Sorts triangles into a tree of boxes by the surface area heuristic (Wald 2007, binned)."""

import numpy as np

from sequences.synthetic.rendering.compile import kernel

MAX_LEAF_TRIANGLES = 4
"""Nodes with more triangles are split if that makes casting cheaper."""
BIN_COUNT = 12
"""Bins along each axis, between which a node may be cut."""


@kernel
def split(low, high):
    """Boxes of T triangles, lowest and highest corners (T, 3) -> the arrays of a Bvh and the order of the triangles."""
    n = low.shape[0]
    order = np.arange(n)
    node_low, node_high = np.empty((2 * n, 3), np.float32), np.empty((2 * n, 3), np.float32)
    first, count = np.zeros(2 * n, np.int32), np.zeros(2 * n, np.int32)
    stack, used = [(0, 0, n)], 1
    while len(stack) > 0:
        node, start, stop = stack.pop()
        for axis in range(3):
            node_low[node, axis] = low[order[start:stop], axis].min() - np.float32(1e-5)
            node_high[node, axis] = high[order[start:stop], axis].max() + np.float32(1e-5)
        axis, place = -1, 0.0
        if stop - start > MAX_LEAF_TRIANGLES:
            axis, place = _best_cut(low, high, order[start:stop])
        middle = start
        if axis >= 0:
            for i in range(start, stop):
                if low[order[i], axis] + high[order[i], axis] < place:
                    order[i], order[middle] = order[middle], order[i]
                    middle += 1
        if middle in (start, stop):
            first[node], count[node] = start, stop - start
            continue
        first[node] = used
        stack.append((used, start, middle))
        stack.append((used + 1, middle, stop))
        used += 2
    return node_low[:used], node_high[:used], first[:used], count[:used], order


@kernel
def _best_cut(low, high, members):
    """Axis and place (as a sum low + high) of the cut with the least surface area heuristic, axis -1 for none."""
    best, best_axis, best_place = np.inf, -1, 0.0
    box_low, box_high, inside = np.empty((BIN_COUNT, 3)), np.empty((BIN_COUNT, 3)), np.empty(BIN_COUNT, np.int64)
    for axis in range(3):
        start, stop = np.inf, -np.inf
        for t in members:
            start, stop = min(start, low[t, axis] + high[t, axis]), max(stop, low[t, axis] + high[t, axis])
        if stop - start < 1e-6:
            continue
        box_low[:], box_high[:], inside[:] = np.inf, -np.inf, 0
        for t in members:
            k = min(int((low[t, axis] + high[t, axis] - start) / (stop - start) * BIN_COUNT), BIN_COUNT - 1)
            inside[k] += 1
            for i in range(3):
                box_low[k, i], box_high[k, i] = min(box_low[k, i], low[t, i]), max(box_high[k, i], high[t, i])
        for cut in range(1, BIN_COUNT):
            cost = (_cost(box_low[:cut], box_high[:cut], inside[:cut])
                    + _cost(box_low[cut:], box_high[cut:], inside[cut:]))
            if cost < best:
                best, best_axis, best_place = cost, axis, start + cut * (stop - start) / BIN_COUNT
    return best_axis, best_place


@kernel
def _cost(low, high, inside):
    """Triangles times half the surface of the box around some bins; infinite where they are all empty."""
    if inside.sum() == 0:
        return np.inf
    x, y, z = high[:, 0].max() - low[:, 0].min(), high[:, 1].max() - low[:, 1].min(), high[:, 2].max() - low[:, 2].min()
    return inside.sum() * (x * y + y * z + z * x)
