"""Hot loops, compiled by numba for one CPU thread with the GIL released.

Each takes and fills plain arrays and is checked against a float64 NumPy reference in the tests.
"""
