"""Light baked at the nodes of all surfaces: windows, lamps and sun with soft shadows, and one bounce between surfaces.

Everything is seen as matt, so what a surface shows does not depend on where it is seen from, and frames agree in
brightness.
"""

from collections.abc import Sequence

import numpy as np

from sequences.synthetic.rendering.bvh import Bvh, in_slices
from sequences.synthetic.rendering.lighting import Nodes, Reflectors, bounced_light, direct_light, smooth
from sequences.synthetic.shapes.light import Light
from sequences.synthetic.surfaces import Surfaces


def bake(surfaces: Surfaces, bvh: Bvh, reflectance_of_patch: np.ndarray, glass_of_patch: np.ndarray,
         lights: Sequence[Light]) -> np.ndarray:
    """Light (N, 3) float32 at the nodes: radiance that a white surface shows there, without emission.

    `reflectance_of_patch` (P, 3) is what surfaces pass on to others; `glass_of_patch` (P,) bool lets the sun in.
    """
    nodes = Nodes(surfaces.node_m, surfaces.node_normal)
    rows = np.array([light.row for light in lights], np.float32)
    patch_of_triangle = surfaces.patch_of_triangle[bvh.triangle]
    is_glass = glass_of_patch[patch_of_triangle]
    direct = np.zeros((len(surfaces.node_m), 3), np.float32)
    in_slices(len(direct), lambda start, stop: direct_light(bvh, nodes, rows, is_glass, direct, start, stop))
    smooth(direct, surfaces.patches)
    passed_on = np.where(surfaces.emission_of_patch[:, None] > 0, 0, reflectance_of_patch).astype(np.float32)
    ambient = (direct.mean(0) * passed_on.mean(0)).astype(np.float32)
    maps = np.ascontiguousarray(surfaces.maps_of_point[bvh.triangle, 2:])
    reflectors = Reflectors(direct, maps, patch_of_triangle, surfaces.patches, passed_on, ambient)
    bounced = np.zeros_like(direct)
    in_slices(len(bounced), lambda start, stop: bounced_light(bvh, nodes, reflectors, bounced, start, stop))
    smooth(bounced, surfaces.patches)
    smooth(bounced, surfaces.patches)
    return direct + bounced
