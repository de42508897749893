"""Losses that training minimises, and their weighted sums. Imports torch and, of ours, calib.base only.

Every loss takes tensors (B, 1, h, w): prediction, ground truth and a boolean mask `valid`. Ground truth where the mask
is false, NaN included, has no influence on value or gradient; a batch without any valid pixel costs 0.
"""
