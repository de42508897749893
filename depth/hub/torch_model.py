"""Models of the hub as torch modules, loaded by transformers."""

from pathlib import Path

import torch
from torch import nn

from calib.base.errors import MissingPackageError, NetworkError, one_line
from depth.onnx_files.model import quiet


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
                output_loading_info=True)
    except Exception as error:  # whatever a configuration or a file can be wrong in
        raise NetworkError(f"{name} cannot be loaded by transformers {transformers.__version__}: {one_line(error)}"
                           ) from error
    if found["missing_keys"]:
        raise NetworkError(f"the weights of {name} lack {sorted(found['missing_keys'])[0]} and what else makes a depth "
                           f"model: give a model for depth estimation")
    return DepthModule(model.float().eval(), bool(getattr(model, "use_fov_model", False)))


