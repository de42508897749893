"""Per-point geometry that several kernels share.

A transform is named by its table `T` (K, 3, 4) and row `k`: a slice T[k] would cost more than the arithmetic, since
numba counts references to it.
"""

from slam.kernels.compile import inline


@inline
def transform(T, k, x, y, z):
    """Point (x, y, z) through T[k]."""
    X, Y, Z = rotate(T, k, x, y, z)
    return X + T[k, 0, 3], Y + T[k, 1, 3], Z + T[k, 2, 3]


@inline
def rotate(T, k, x, y, z):
    """Direction (x, y, z) through the rotation of T[k]."""
    return (T[k, 0, 0] * x + T[k, 0, 1] * y + T[k, 0, 2] * z, T[k, 1, 0] * x + T[k, 1, 1] * y + T[k, 1, 2] * z,
            T[k, 2, 0] * x + T[k, 2, 1] * y + T[k, 2, 2] * z)


@inline
def rotate_back(T, k, x, y, z):
    """Direction (x, y, z) through the inverse rotation of T[k]."""
    return (T[k, 0, 0] * x + T[k, 1, 0] * y + T[k, 2, 0] * z, T[k, 0, 1] * x + T[k, 1, 1] * y + T[k, 2, 1] * z,
            T[k, 0, 2] * x + T[k, 1, 2] * y + T[k, 2, 2] * z)
