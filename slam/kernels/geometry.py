"""Per-point geometry that several kernels share."""

from slam.kernels.compile import inline


@inline
def transform(T, x, y, z):
    """Point (x, y, z) through T (3, 4) or (4, 4)."""
    return (T[0, 0] * x + T[0, 1] * y + T[0, 2] * z + T[0, 3], T[1, 0] * x + T[1, 1] * y + T[1, 2] * z + T[1, 3],
            T[2, 0] * x + T[2, 1] * y + T[2, 2] * z + T[2, 3])


@inline
def rotate(T, x, y, z):
    """Direction (x, y, z) through the rotation of T."""
    return (T[0, 0] * x + T[0, 1] * y + T[0, 2] * z, T[1, 0] * x + T[1, 1] * y + T[1, 2] * z,
            T[2, 0] * x + T[2, 1] * y + T[2, 2] * z)


@inline
def rotate_back(T, x, y, z):
    """Direction (x, y, z) through the inverse rotation of T."""
    return (T[0, 0] * x + T[1, 0] * y + T[2, 0] * z, T[0, 1] * x + T[1, 1] * y + T[2, 1] * z,
            T[0, 2] * x + T[1, 2] * y + T[2, 2] * z)
