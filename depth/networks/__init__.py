"""Depth networks as torch modules, one file per paper, encoders and blocks beside them; `registry` knows them all.

Every network takes `rgb` (B, 3, h, w) float, RGB in [0, 1], normalises it itself, and gives (B, 1, h', w') depth in
metres or its natural logarithm, as the registry says; pixel centres at integers, the same field of view. This package
and the training are the only code that imports torch when loaded.
"""
