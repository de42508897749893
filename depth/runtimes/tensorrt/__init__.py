"""Networks as TensorRT engines: built, cached, checked, and run as CUDA graphs. Imports depth.runtimes and below."""
