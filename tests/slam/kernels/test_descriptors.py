"""slam.kernels.descriptors: whole numbers, so exactly what NumPy finds."""

import numpy as np

from slam.kernels.descriptors import SIZE, nearest


def test_nearest_descriptors_are_those_of_the_largest_products():
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 256, (count, SIZE)).astype(np.int16) for count in (30, 20))
    second[7] = second[3]  # the first of those alike counts, and its next best is as good
    first[4] = second[3]
    best, product, product_of_second = np.empty(30, np.int64), np.empty((30, 2), np.int32), np.empty(20, np.int32)
    nearest(first, second, best, product, product_of_second)
    products = first.astype(np.int64) @ second.astype(np.int64).T
    np.testing.assert_array_equal(best, products.argmax(1))
    np.testing.assert_array_equal(product, np.sort(products, 1)[:, :-3:-1])
    np.testing.assert_array_equal(product_of_second, products.max(0))
    assert best[4] == 3 and product[4, 0] == product[4, 1]
