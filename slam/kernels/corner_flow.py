"""How far the flow of corners is from what motions of the camera allow."""

import math

from slam.kernels.compile import kernel


@kernel
def nearest_flow(jacobian, flow_px, twists, stretch, residuals_px, factor):
    """Distances of N flows from the nearest that M motions allow, whatever the corners' depths within limits.

    jacobian (N, 2, 6) of the flow by a twist, for the predicted depth; flow_px (N, 2); twists (M, 6); stretch: factor
    by which inverse depth may be wrong, either way. Fills residuals_px (M, N), and factor (M, N) on inverse depth at
    which they are least. All float64.
    """
    for m in range(len(twists)):
        v0, v1, v2, w0, w1, w2 = twists[m]
        for n in range(len(flow_px)):
            J = jacobian[n]
            parallax_u = J[0, 0] * v0 + J[0, 1] * v1 + J[0, 2] * v2
            parallax_v = J[1, 0] * v0 + J[1, 1] * v1 + J[1, 2] * v2
            rest_u = flow_px[n, 0] - (J[0, 3] * w0 + J[0, 4] * w1 + J[0, 5] * w2)
            rest_v = flow_px[n, 1] - (J[1, 3] * w0 + J[1, 4] * w1 + J[1, 5] * w2)
            along = rest_u * parallax_u + rest_v * parallax_v
            squared = parallax_u * parallax_u + parallax_v * parallax_v
            f = min(max(along / max(squared, 1e-9), 1 / stretch), stretch)
            residuals_px[m, n] = math.hypot(rest_u - f * parallax_u, rest_v - f * parallax_v)
            factor[m, n] = f
