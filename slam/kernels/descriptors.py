"""Nearest neighbours among descriptors of features, by their dot product."""

import numpy as np

from slam.kernels.compile import inline, kernel

SIZE = 128
"""Elements of a descriptor, that of SIFT."""


@kernel
def nearest(first, second, best, product, product_of_second):
    """Which of the second descriptors is most like each of the first.

    first (n, SIZE) and second (m, SIZE): int16 from 0 to 255. Fills best (n,) int64: row in `second`, the first one of
    those alike; product (n, 2) int32: dot products with it and with the next best; product_of_second (m,) int32: the
    largest product of each of the second. BLAS takes less time on an idle machine, but several times as long where its
    threads have to wait for others.
    """
    products = np.empty(len(second), np.int32)
    for j in range(len(second)):
        product_of_second[j] = 0
    for i in range(len(first)):
        multiply(first, i, second, products)
        at, most, next_most = 0, np.int32(0), np.int32(0)
        for j in range(len(second)):
            if products[j] > most:
                at, most, next_most = j, products[j], most
            elif products[j] > next_most:
                next_most = products[j]
            product_of_second[j] = max(product_of_second[j], products[j])
        best[i], product[i, 0], product[i, 1] = at, most, next_most


@inline
def multiply(first, i, second, products):
    """Dot products of one of the first with all the second. A loop of its own is one that the compiler vectorises."""
    for j in range(len(second)):
        total = np.int32(0)
        for k in range(SIZE):
            total += np.int32(first[i, k]) * np.int32(second[j, k])
        products[j] = total
