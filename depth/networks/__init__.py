"""Depth networks as torch modules, a file per paper, next to their encoders and blocks; registry.py lists them all.

Every network takes `rgb` (B, 3, h, w) float, RGB in [0, 1], normalises it itself, and gives (B, 1, h', w') depth in
metres or its natural logarithm, as the registry says; pixel centres at integers, the same field of view. A new network
is a module here and an entry in the registry. Imports torch when loaded (but registry.py does not), and calib.base.
"""
