"""Hot loops of depth networks, compiled by numba. Imports NumPy and calib.base alone."""
