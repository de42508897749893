"""Depth networks in .onnx files, and what these must declare, whichever runtime reads them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.base.errors import NetworkError, one_line
from depth.onnx_files.model import Declared
from depth.runtimes.image_network import ImageNetwork
from depth.runtimes.network_spec import NetworkSpec, read_spec
from depth.runtimes.preprocessing import to_input

if TYPE_CHECKING:
    import onnx

DEFAULT_SIZE = (224, 288)
FIELD_OF_VIEW = "field_of_view"
"""Name of an output that holds the horizontal field of view of the image in degrees."""
NUMPY_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class OnnxNetwork(ImageNetwork):
    """An ImageNetwork from a file. A runtime opens the file, hands over what it declares, and adds `run`."""

    def __init__(self, path: str | Path, options: Mapping[str, str] | None, inputs: Sequence[Declared],
                 output_names: Sequence[str], spec: NetworkSpec | None = None) -> None:
        """Check what the file declares. Raises NetworkError if it is not a depth network.

        `spec`: where it is known; by default read from the file's names, FILE.yaml and `options`.
        """
        self.path, name = Path(path), Path(path).name
        if len(inputs) != 1 or len(inputs[0].shape or ()) != 4 or inputs[0].type not in NUMPY_TYPES:
            shapes = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs) or "none"
            raise NetworkError(f"{name} does not take one image: its inputs are {shapes}, "
                               f"wanted is one float tensor (1, 3, h, w) or (1, h, w, 3)")
        self.input = inputs[0]
        spec = spec or read_spec(path, options or {}, self.input.name, output_names)
        super().__init__(name, spec, input_size(name, self.input.shape, spec))
        self.one_size = self.one_size or any(isinstance(side, int) for side in sides(self.input.shape, spec))
        self.output_names = [*output_names[:2 if spec.predicts_error else 1],
                             *[name for name in output_names if name == FIELD_OF_VIEW]]

    def run(self, image: np.ndarray) -> Sequence[np.ndarray]:
        """Input of the file's own type -> the outputs called self.output_names. May raise anything."""
        raise NotImplementedError

    def stored_model(self) -> "onnx.ModelProto":
        """What the file holds. Raises MissingPackageError, NetworkError also where the runtime takes no new weights."""
        raise NetworkError(f"{self.name} cannot be given other weights by what runs it: choose --runtime onnx")

    def refitted(self, model: "onnx.ModelProto") -> "OnnxNetwork":
        """The same network with other weights, run in the same way."""
        raise NotImplementedError

    def infer(self, image: np.ndarray) -> Sequence[np.ndarray]:
        """Outputs for one input; see ImageNetwork. Raises NetworkError."""
        try:
            return self.run(image.astype(NUMPY_TYPES[self.input.type], copy=False))
        except Exception as error:  # runtimes raise their own undocumented types
            height, width = sides(image.shape, self.spec)
            raise NetworkError(f"{self.name} fails on a {width}x{height} image: {one_line(error)}") from error

    def focal_share(self, rgb: np.ndarray) -> float | None:
        """See ImageNetwork; of a file with an output FIELD_OF_VIEW."""
        if FIELD_OF_VIEW not in self.output_names:
            return None
        *_, angle_deg = self.infer(to_input(rgb, self.size_for(rgb.shape[:2]), self.spec))
        tangent = np.tan(np.radians(float(np.ravel(angle_deg)[0])) / 2)
        return 0.5 / tangent if 0 < tangent < np.inf else None


def input_size(name: str, shape: Sequence[Any], spec: NetworkSpec) -> tuple[int, int]:
    """Size (height, width) that the file fixes, else that of the options or the default. Raises NetworkError."""
    batch, *rest = shape
    channels = rest[0] if spec.layout == "nchw" else rest[2]
    if isinstance(channels, int) and channels != 3:
        other = "nhwc" if spec.layout == "nchw" else "nchw"
        raise NetworkError(f"{name} takes {shape}, not three colour channels in {spec.layout} layout: "
                           f"give --depth-option layout={other}, or another network")
    if isinstance(batch, int) and batch != 1:
        raise NetworkError(f"{name} takes batches of {batch} images; export it for one image at a time")
    fixed = sides(shape, spec)
    wanted = spec.size or DEFAULT_SIZE
    height, width = (have if isinstance(have, int) else want for have, want in zip(fixed, wanted))
    size = height, width
    if spec.size and size != spec.size:
        raise NetworkError(f"{name} takes images of height and width {size[0]},{size[1]} only: drop the "
                           f"option size={wanted[0]},{wanted[1]}")
    return size


def sides(shape: Sequence[Any], spec: NetworkSpec) -> Sequence[Any]:
    """Height and width within the shape of an input: ints, or anything else where they are open."""
    return shape[2:] if spec.layout == "nchw" else shape[1:3]
