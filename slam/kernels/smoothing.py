"""Points moved onto the surface that others suggest (moving least squares, Alexa 2003, with planes)."""

import numpy as np

from slam.kernels.compile import ordered_kernel


@ordered_kernel
def project(points, normals, others, other_normals, weights, neighbours, width, moved, turned):
    """points, normals (N, 3); others, other_normals (M, 3) and their weights (M,); neighbours (N, k) of them for each
    point; width (metres): standard deviation of the weight by distance. Fills moved, turned (N, 3): along the mean
    normal onto the plane through the mean, of those that face the same way; where none does, nothing changes."""
    for i in range(len(points)):
        mean, normal = np.zeros(3), np.zeros(3)
        total = 0.0
        for n in range(neighbours.shape[1]):
            j = neighbours[i, n]
            cosine = squared = 0.0
            for c in range(3):
                cosine += normals[i, c] * other_normals[j, c]
                squared += (points[i, c] - others[j, c]) ** 2
            if cosine <= 0:
                continue
            weight = weights[j] * cosine * np.exp(-0.5 * squared / (width * width))
            total += weight
            for c in range(3):
                mean[c] += weight * others[j, c]
                normal[c] += weight * other_normals[j, c]
        length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
        if length <= 0:
            moved[i], turned[i] = points[i], normals[i]
            continue
        along = 0.0
        for c in range(3):
            turned[i, c] = normal[c] / length
            along += (mean[c] / total - points[i, c]) * turned[i, c]
        for c in range(3):
            moved[i, c] = points[i, c] + along * turned[i, c]
