"""Hot loops of depth networks, compiled by numba. They use NumPy alone, nothing else of ours."""
