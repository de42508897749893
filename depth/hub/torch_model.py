"""Models of the hub as torch modules, loaded by transformers."""

from pathlib import Path

import torch
from torch import nn

from calib.base.errors import MissingPackageError, NetworkError, one_line
from depth.onnx_files.model import quiet

MAX_REASON = 200
"""Characters that a message repeats of what transformers says."""


class DepthModule(nn.Module):
    """Image in, depth out, without the names and the caches that models of transformers have around them."""

    def __init__(self, model: nn.Module, has_field_of_view: bool) -> None:
        super().__init__()
        self.model, self.has_field_of_view = model, has_field_of_view

    def forward(self, rgb: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """(1, 3, h, w) preprocessed -> (1, h', w'), and the field of view (1,) in degrees where it is predicted"""
        found = self.model(pixel_values=rgb)
        if self.has_field_of_view:
            return found.predicted_depth, found.field_of_view
        return found.predicted_depth


def load_model(folder: Path, name: str) -> DepthModule:
    """Folder of a model -> DepthModule in evaluation mode, float32. Raises NetworkError, MissingPackageError."""
    try:
        import transformers
        from transformers import AutoModelForDepthEstimation
    except ImportError as error:
        raise MissingPackageError("'monofuse[hub]'", f"the first use of {name}") from error
    transformers.utils.logging.disable_progress_bar()
    try:
        with quiet("transformers"):
            model, found = AutoModelForDepthEstimation.from_pretrained(
                str(folder), local_files_only=True, use_safetensors=True, attn_implementation="eager",
                output_loading_info=True, ignore_mismatched_sizes=True)
    except Exception as error:  # whatever a configuration or a file can be wrong in
        raise NetworkError(_reason(folder, name, error, transformers.__version__)) from error
    for key, stored, wanted in sorted(found["mismatched_keys"], key=str)[:1]:
        raise NetworkError(f"the weights of {name} do not fit its config.json: {key} is {_size(stored)} in the weights "
                           f"and {_size(wanted)} by config.json")
    if found["missing_keys"]:
        raise NetworkError(f"the weights of {name} lack {sorted(found['missing_keys'])[0]} and what else makes a depth "
                           f"model: give a model for depth estimation")
    return DepthModule(model.float().eval(), bool(getattr(model, "use_fov_model", False)))


def _reason(folder, name, error, version):
    """Why a model cannot be loaded, in one line."""
    said = one_line(error, MAX_REASON)
    if type(error).__name__ == "SafetensorError":
        return f"the weights in {folder} are damaged or cut off ({said}): fetch them again"
    return f"{name} cannot be loaded by transformers {version}: {said}"


def _size(shape):
    return "x".join(map(str, shape)) or "one number"
