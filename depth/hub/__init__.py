"""Depth models of the Hugging Face hub: fetched, exported once to ONNX, and then run by every runtime.

Only the first use of a model loads torch and transformers; what comes of it is a file in the cache.
"""
