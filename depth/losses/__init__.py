"""What training minimises. Imports torch; nothing else of ours but itself.

Every loss takes tensors (B, 1, h, w): prediction, truth and a boolean mask `valid`. What the truth says where the mask
is false, NaN included, has no influence on value or gradient; a batch without any valid pixel costs 0.
"""
