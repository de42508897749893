"""Every network by name. Loads without torch; only building a network needs it."""

import importlib
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

from calib.base.errors import MissingPackageError, NetworkError

if TYPE_CHECKING:
    from torch import nn

EIGEN, LAINA, HAO = "Eigen 2014", "Laina 2016", "Hao 2018"
STUDENTS, ZHANG = "001 (after Laina)", "004 (Zhang et al.)"
NYU, QUARTER, HALF = (228, 304), (55, 74), (128, 160)


@dataclass(frozen=True)
class Network:
    """An entry of the registry: how to build a network, and what it takes and gives."""

    name: str
    paper: str
    factory: str
    """Where it is built: `module:function` below depth.networks, called with `options`."""
    input_size: tuple[int, int]
    """Size (height, width) of the paper's images."""
    output_size: tuple[int, int]
    """Size (height, width) of the depth map for an image of `input_size`."""
    loss: str
    """Loss of the paper, as `--loss` takes it."""
    predicts: str = "depth"
    """Kind of the output: `depth` in metres or `log_depth`, its natural logarithm."""
    side_multiple: int | None = 1
    """Number that divides the sides of images of other sizes; None: there are no others."""
    first_stage: str | None = None
    """Network that is trained before this one and then becomes its part `coarse`, which stays fixed."""
    options: dict = field(default_factory=dict)
    any_shape: bool = False
    """Whether images of another shape than `input_size` become inputs of their own shape, not squashed ones. The papers
    have one size only."""
    predicts_error: bool = False
    """Whether a second output is the natural logarithm of the absolute relative error that it expects."""

    @property
    def multiple(self) -> int | None:
        """The field `multiple` of its NetworkSpec."""
        return self.side_multiple if self.any_shape else None

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of its outputs in files."""
        return (self.predicts, "log_error") if self.predicts_error else (self.predicts,)

    def build(self) -> "nn.Module":
        """A new torch module with the paper's first weights."""
        load_torch(f"the network {self.name}")
        module, function = self.factory.split(":")
        return getattr(importlib.import_module(f"depth.networks.{module}"), function)(**self.options)

    def count_parameters(self) -> int:
        """Number of trained parameters, those of a first stage included; allocates none of them."""
        with load_torch("counting parameters").device("meta"):
            return sum(parameter.numel() for parameter in self.build().parameters())


def load_torch(needed_for: str) -> ModuleType:
    """The module torch. Raises MissingPackageError where it is not installed, or broken."""
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a library of its own that is missing
        reason = "" if isinstance(error, ModuleNotFoundError) else f" ({' '.join(str(error).split())[:120]})"
        raise MissingPackageError("torch", needed_for + reason) from None
    return torch


NETWORKS = {network.name: network for network in (
    Network("mobile", "ours", "mobile:Mobile", (224, 288), (112, 144), "laplace+0.5*gradient", "log_depth", 32,
            any_shape=True, predicts_error=True),
    Network("eigen_coarse", EIGEN, "eigen:EigenCoarse", NYU, QUARTER, "silog:lam=0.5", "log_depth", None),
    Network("eigen", EIGEN, "eigen:Eigen", NYU, QUARTER, "silog:lam=0.5", "log_depth", None, "eigen_coarse"),
    Network("eigen_kitti_coarse", EIGEN, "eigen:kitti_coarse", (172, 576), (43, 144), "silog:lam=0.5", "log_depth",
            None),
    Network("eigen_kitti", EIGEN, "eigen:kitti", (172, 576), (43, 144), "silog:lam=0.5", "log_depth", None,
            "eigen_kitti_coarse"),
    Network("laina_alexnet_fc", LAINA, "laina:alexnet_fc", NYU, (96, 128), "berhu", side_multiple=None),
    Network("laina_alexnet_upconv", LAINA, "laina:alexnet_up_convolution", NYU, (96, 128), "berhu"),
    Network("laina_vgg_upconv", LAINA, "laina:vgg_up_convolution", NYU, (112, 144), "berhu"),
    Network("laina_resnet_fc", LAINA, "laina:resnet_fc", NYU, (48, 64), "berhu", side_multiple=None),
    Network("laina_resnet_deconv", LAINA, "laina:resnet_deconvolution", NYU, HALF, "l2"),
    Network("laina_resnet_upconv", LAINA, "laina:resnet_up_convolution", NYU, HALF, "berhu"),
    Network("laina_resnet_upproj", LAINA, "laina:resnet_up_projection", NYU, HALF, "berhu"),
    Network("laina_released", LAINA, "fcrn_release:FcrnRelease", NYU, HALF, "berhu"),
    Network("cnn_fc", STUDENTS, "cnn_residual:CnnFC", NYU, QUARTER, "l2", side_multiple=None),
    Network("cnn", STUDENTS, "cnn_residual:Cnn", NYU, (57, 76), "silog:lam=0.5"),
    Network("cnn_transpose", STUDENTS, "cnn_residual:Cnn", NYU, (57, 76), "silog:lam=0.5",
            options={"transpose": True}),
    Network("cnn_residual_zeros", STUDENTS, "cnn_residual:cnn_residual", NYU, HALF, "berhu:per_image=1"),
    Network("cnn_residual_averages", STUDENTS, "cnn_residual:cnn_residual", NYU, HALF, "berhu:per_image=1",
            options={"average": True}),
    Network("hao", HAO, "hao:Hao", (240, 320), (120, 160), "log_l1"),
    Network("hao_undilated_crb", HAO, "hao:Hao", (240, 320), (120, 160), "log_l1", options={"dilated": False}),
    Network("hao_dfe_only", HAO, "hao:Hao", (240, 320), (120, 160), "log_l1",
            options={"attention": False, "dilated": False}),
    Network("hao_baseline", HAO, "hao:HaoBaseline", (240, 320), (120, 160), "log_l1"),
    Network("zhang_eigen_coarse", ZHANG, "zhang:ModifiedEigenCoarse", (240, 320), (60, 80), "si_linear:lam=0.5",
            side_multiple=None),
    Network("zhang_eigen", ZHANG, "zhang:ModifiedEigen", (240, 320), (60, 80), "si_linear:lam=0.5",
            side_multiple=None, first_stage="zhang_eigen_coarse"),
    Network("zhang_alexnet", ZHANG, "zhang:alexnet_depth", (240, 320), (60, 80), "si_linear:lam=0.5",
            side_multiple=None),
    Network("zhang_resnet18", ZHANG, "zhang:resnet18_depth", (240, 320), (60, 80), "si_linear:lam=0.5",
            side_multiple=None),
)}


def find(name: str) -> Network:
    """Name -> Network. Raises NetworkError that lists the names there are."""
    if name not in NETWORKS:
        raise NetworkError(f"no network is called {name}; there are {', '.join(NETWORKS)}")
    return NETWORKS[name]
