"""ONNX files: read, exported, and changed to half precision or int8. Imports calib.base; onnx and torch when called."""
