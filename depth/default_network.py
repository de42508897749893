"""The depth network that is used where none is named."""

from calib.errors import BadInputError


def default_weights():
    """-> path of the shipped weights. Raises BadInputError while there are none."""
    raise BadInputError("no depth network is shipped yet: give one with --weights FILE (.onnx, .safetensors or .pth)")
