"""Light baked at the nodes of all surfaces: windows, lamps and sun with soft shadows, and one bounce between surfaces.

Everything is seen as matt, so what a surface shows does not depend on where it is seen from, and frames agree in
brightness.
"""

import numpy as np

from sequences.synthetic.rendering.bvh import in_slices
from sequences.synthetic.rendering.lighting import bounced_light, direct_light, smooth


def bake(surfaces, bvh, reflectance_of_patch, glass_of_patch, lights):
    """Light (N, 3) float32 at the nodes: radiance that a white surface shows there, without emission.

    `reflectance_of_patch` (P, 3) is what surfaces pass on to others; `glass_of_patch` (P,) bool lets the sun in.
    """
    rows = np.array([light.row for light in lights], np.float32)
    node_count = len(surfaces.node_m)
    direct = np.zeros((node_count, 3), np.float32)
    hit_patch = surfaces.patch_of_triangle[bvh.triangle]
    is_glass = glass_of_patch[hit_patch]
    in_slices(node_count, lambda a, b: direct_light(bvh, surfaces.node_m, surfaces.node_normal, rows, is_glass, direct,
                                                    a, b))
    smooth(direct, surfaces.patches)
    bounced = np.zeros((node_count, 3), np.float32)
    maps = np.ascontiguousarray(surfaces.maps_of_point[bvh.triangle, 2:])
    passed_on = np.where(surfaces.emission_of_patch[:, None] > 0, 0, reflectance_of_patch).astype(np.float32)
    ambient = (direct.mean(0) * passed_on.mean(0)).astype(np.float32)
    in_slices(node_count, lambda a, b: bounced_light(bvh, surfaces.node_m, surfaces.node_normal, direct, maps,
                                                     hit_patch, surfaces.patches, passed_on, ambient, bounced, a, b))
    smooth(bounced, surfaces.patches)
    smooth(bounced, surfaces.patches)
    return direct + bounced
