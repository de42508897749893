"""Noticing that the camera is back at a place it has seen, and bending the path so that both visits fit.

A false loop ruins a map, a missed one costs little. So a candidate has to pass features, direct alignment and depth in
both directions (slam.place_check); unless it hardly moves anything, a second pair of keyframes has to say the same;
and the path must be able to follow without being strained more than it may have drifted. Work is cut into pieces of
some milliseconds, few per frame, so that a frame never waits long.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from calib import se3, sim3
from slam.appearance import AppearanceConfig, AppearanceIndex
from slam.pose_graph import Edge, PoseGraph, PoseGraphConfig


@dataclass(frozen=True)
class LoopConfig:
    min_gap: int = 8
    """Keyframes of one submap within so many of each other are neighbours, not a loop."""
    by_appearance: int = 3
    """Candidates per keyframe that share most features with it, ..."""
    by_position: int = 2
    """... and those that should see the same by what is known of the path."""
    min_predicted_overlap: float = 0.4
    max_waiting: int = 24
    """Candidates that wait for their turn; beyond, the oldest are forgotten."""
    per_frame: int = 8
    """One candidate is looked at per frame, one more for each so many that wait."""
    odometry_std: tuple[float, float] = (0.004, 0.0)
    """Standard deviation of the motion from one keyframe to the next, in median depths and radians, and of the ratio
    of their scales. Generous: errors of neighbours have the same sign."""
    loop_std: tuple[float, float] = (0.004, 0.0)
    """The same of a loop."""
    small: float = 0.03
    """A loop that moves the newer keyframe by less, in median depths, radians and log scale, needs no second one."""
    max_contradiction: float = 0.1
    """Between the corrections that two pairs of keyframes ask for, in the same units."""
    opinion_gap: int = 6
    """Keyframes after which a loop that nobody seconded is forgotten."""
    max_loop_chi2: float = 30.0
    """Squared error, in standard deviations, that a new loop may keep after optimisation, ..."""
    max_strain: tuple[float, float] = (30.0, 2.0)
    """... and by which that of all edges together may grow: at least, and for each keyframe since the older visit."""
    min_pull: float = 0.002
    """A loop that fits to within this, in the units of `small`, is kept for the next optimisation but starts none."""
    appearance: AppearanceConfig = AppearanceConfig()
    graph: PoseGraphConfig = PoseGraphConfig()


class Loop(NamedTuple):
    new: int
    old: int
    S_new_old: np.ndarray
    """In the units that both keyframes had when they were made."""


class LoopCloser:
    def __init__(self, camera, place_check, relocaliser, depth_is_measured, config):
        """place_check: slam.place_check.PlaceCheck; relocaliser gives poses by features."""
        self.config, self.check, self.relocaliser = config, place_check, relocaliser
        self.index = AppearanceIndex(config.appearance)
        self.graph = PoseGraph(config.graph, is_rigid=depth_is_measured)
        self.corners = _image_grid(camera)
        self.camera = camera
        self.waiting: deque[tuple[int, int]] = deque(maxlen=config.max_waiting)
        self.unconfirmed: list[Loop] = []
        self.closed: list[Loop] = []
        self.refused = 0

    def add(self, keyframes, reference):
        """The newest of `keyframes` has just been made; `reference` is the row it was tracked against, or None."""
        new = keyframes.items[-1]
        if reference is not None:
            T = se3.inverse(keyframes.T_world_key[reference]) @ keyframes.T_world_key[new.row]
            self.graph.edges.append(self._edge(keyframes, reference, new.row, T, self.config.odometry_std, False))
        self.waiting.extend((new.row, old) for old in self._candidates(new, keyframes))
        self.index.add(new.features[1])

    def remeasure(self, keyframes, rows):
        """The motion between keyframes of these rows is now known better: as it stands in `keyframes`."""
        for index, edge in enumerate(self.graph.edges):
            if edge.first in rows and edge.second in rows and not edge.is_loop:
                T = se3.inverse(keyframes.T_world_key[edge.first]) @ keyframes.T_world_key[edge.second]
                self.graph.edges[index] = self._edge(keyframes, edge.first, edge.second, T,
                                                     self.config.odometry_std, False)

    def step(self, keyframes):
        """Look at some of the candidates. -> S_world_key (K, 4, 4) that the map should take on, or None."""
        moved = None
        for _ in range(1 + len(self.waiting) // self.config.per_frame):
            if not self.waiting or moved is not None:
                break
            moved = self._consider(keyframes, *self.waiting.popleft())
        return moved

    def _candidates(self, new, keyframes):
        """Rows of older keyframes that may show what the new one shows, the most promising first."""
        c = self.config
        submap = keyframes.submap
        is_old = (np.arange(new.row) <= new.row - c.min_gap) | (submap[:new.row] != submap[new.row])
        scores = self.index.scores(new.features[1]) * is_old
        overlap = self._predicted_overlap(new, keyframes, new.row) * is_old
        by_appearance = [row for row in np.argsort(-scores, kind="stable")[:c.by_appearance] if scores[row] > 0]
        by_position = [row for row in np.argsort(-overlap, kind="stable")[:c.by_position]
                       if overlap[row] >= c.min_predicted_overlap]
        return list(dict.fromkeys(int(row) for row in by_position + by_appearance))

    def _predicted_overlap(self, new, keyframes, count):
        """(count,) share of the new keyframe's image, as if at its median depth, that older ones of its submap see."""
        T_world_old = keyframes.T_world_key[:count]
        points = self.corners * new.median_depth_m
        T_old_new = se3.inverse(T_world_old) @ keyframes.T_world_key[new.row]
        seen = points @ np.swapaxes(T_old_new[:, :3, :3], 1, 2) + T_old_new[:, None, :3, 3]
        z = np.maximum(seen[..., 2], 1e-6)
        c = self.camera
        u, v = c.fx * seen[..., 0] / z + c.cx, c.fy * seen[..., 1] / z + c.cy
        inside = (seen[..., 2] > 0.1) & (u >= 0) & (v >= 0) & (u < c.width) & (v < c.height)
        return inside.mean(1) * (keyframes.submap[:count] == keyframes.submap[new.row])

    def _consider(self, keyframes, new_row, old_row):
        """Check one pair of keyframes, and close the loop where that is called for -> S_world_key or None."""
        new, old = keyframes.items[new_row], keyframes.items[old_row]
        same_submap = keyframes.submap[new_row] == keyframes.submap[old_row]
        prediction = None
        if same_submap:
            T_new_old = se3.inverse(keyframes.T_world_key[new_row]) @ keyframes.T_world_key[old_row]
            overlap = self._predicted_overlap(new, keyframes, old_row + 1)[old_row]
            prediction = T_new_old if overlap >= self.config.min_predicted_overlap else None
        guess = self.relocaliser.pose(new.features, old)
        if guess is None and prediction is None:
            return None
        place = self.check(new, old, [guess] if guess is not None else [], prediction)
        if place is None:
            return None
        loop = Loop(new_row, old_row, sim3.inverse(sim3.scaling(keyframes.scale[new_row])) @ place.S_a_b
                    @ sim3.scaling(keyframes.scale[old_row]))
        if same_submap and self._pull(keyframes, loop) <= self.config.small:
            return self._close(keyframes, [loop])
        seconds = [other for other in self.unconfirmed if self._agree(keyframes, loop, other)]
        if seconds:
            return self._close(keyframes, [loop, *seconds])
        self.unconfirmed = [other for other in self.unconfirmed if new_row - other.new <= self.config.opinion_gap]
        self.unconfirmed.append(loop)
        return None

    def _correction(self, keyframes, loop):
        """Where the loop would take the new keyframe, seen from where it is -> S_new_corrected (4, 4)"""
        S_world = keyframes.S_world_key()
        return sim3.inverse(S_world[loop.new]) @ S_world[loop.old] @ sim3.inverse(loop.S_new_old)

    def _pull(self, keyframes, loop):
        return self._size(keyframes, sim3.log(self._correction(keyframes, loop)), loop.new)

    def _agree(self, keyframes, loop, other):
        """Whether two loops ask for one correction of the path, and are not one pair of keyframes."""
        if loop[:2] == other[:2] or loop.new - other.new > self.config.opinion_gap:
            return False
        submap = keyframes.submap
        if submap[loop.old] != submap[other.old] or submap[loop.new] != submap[other.new]:
            return False
        S = keyframes.S_world_key()
        carried = sim3.inverse(S[loop.new]) @ S[other.new]
        other_correction = carried @ self._correction(keyframes, other) @ sim3.inverse(carried)
        difference = sim3.log(sim3.inverse(self._correction(keyframes, loop)) @ other_correction)
        return self._size(keyframes, difference, loop.new) <= self.config.max_contradiction

    def _size(self, keyframes, zeta, row):
        depth = keyframes.items[row].median_depth_m / keyframes.scale[row]
        return max(np.linalg.norm(zeta[:3]) / depth, np.linalg.norm(zeta[3:6]), abs(zeta[6]))

    def _close(self, keyframes, loops):
        """Optimise with these loops -> S_world_key, or None where they ask too much, or nothing that matters."""
        c = self.config
        edges = [self._edge(keyframes, loop.new, loop.old, loop.S_new_old, c.loop_std, True, is_birth_unit=True)
                 for loop in loops]
        start, submap = keyframes.S_world_key(), keyframes.submap
        if submap[loops[0].new] != submap[loops[0].old]:
            start, submap = self._joined(start, submap, loops[0])
        elif max(self._pull(keyframes, loop) for loop in loops) < c.min_pull:
            self._keep(loops, edges)
            return None
        before = self.graph.chi2(start).sum()
        optimum = self.graph.optimise(start, self.graph.edges + edges)
        strain = optimum.chi2.sum() - before
        allowed = c.max_strain[0] + c.max_strain[1] * (loops[0].new - loops[0].old)
        if optimum.chi2[-len(edges):].max() > c.max_loop_chi2 or strain > allowed:
            self.refused += 1
            return None
        self._keep(loops, edges)
        keyframes.submap = submap
        return optimum.S_world_key

    def _keep(self, loops, edges):
        self.graph.edges += edges
        self.closed += loops
        self.unconfirmed = [loop for loop in self.unconfirmed if loop not in loops]

    @staticmethod
    def _joined(S_world_key, submap, loop):
        """Carry the younger of two submaps to where the loop says that it lies in the older one's world
        -> (S_world_key, submap)"""
        older, younger = sorted((submap[loop.new], submap[loop.old]))
        S_old_new_world = S_world_key[loop.old] @ sim3.inverse(loop.S_new_old) @ sim3.inverse(S_world_key[loop.new])
        S_move = S_old_new_world if submap[loop.new] == younger else sim3.inverse(S_old_new_world)
        is_younger = submap == younger
        return (np.where(is_younger[:, None, None], S_move @ S_world_key, S_world_key),
                np.where(is_younger, older, submap))

    def _edge(self, keyframes, first, second, S_first_second, std, is_loop, is_birth_unit=False):
        if not is_birth_unit:
            S_first_second = (sim3.scaling(1 / keyframes.scale[first]) @ S_first_second
                              @ sim3.scaling(keyframes.scale[second]))
        depth = keyframes.items[second].median_depth_m / keyframes.scale[second]
        motion, scale = std
        return Edge(first, second, S_first_second, np.array([*3 * [motion * depth], *3 * [motion], scale or 1.0]),
                    is_loop)


def _image_grid(camera, columns=6, rows=5):
    """(N, 3) points at z = 1 spread over the image."""
    v, u = np.mgrid[0:rows, 0:columns]
    u, v = (u + 0.5) / columns * camera.width, (v + 0.5) / rows * camera.height
    return np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones_like(u)], -1).reshape(-1, 3)
