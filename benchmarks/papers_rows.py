"""What the table of the papers' networks consists of, and what the papers print about themselves."""

from dataclasses import dataclass

from depth.networks import registry
from depth.networks.registry import EIGEN, HAO, LAINA, STUDENTS, ZHANG, Network

METRICS = ("rel", "rms", "log10", "delta1", "delta2", "delta3")
IMAGENET = "imagenet"
"""The start of a row whose encoder begins with ImageNet weights."""
OTHER_DATA = ("make3d", "kitti")
"""Data of rows that are not of NYU."""
SIZE_ON, AUGMENT_ON = {"make3d": (128, 96)}, {"kitti": "eigen_kitti"}
"""Where rows of other data differ from the others: the upright input of networks that take any size, augmentation."""
RECIPE_OF = {EIGEN: "eigen", LAINA: "laina", HAO: "hao", STUDENTS: "students", ZHANG: "zhang", "ours": "strong"}


@dataclass(frozen=True)
class Row:
    """One network trained once, or, without a network, the mean depth of the training images."""

    name: str
    network: str = ""
    printed: str = ""
    """METRICS as the paper prints them, - where it does not."""
    source: str = ""
    """Where the paper prints its METRICS."""
    loss: str = ""
    """Empty: its paper's own, as the registry has it."""
    start: str = ""
    """Name of the row from whose weights it starts, or IMAGENET; empty: random weights."""
    data: str = ""
    """What it is trained and measured on, of OTHER_DATA; empty: NYU."""

    @property
    def entry(self) -> Network | None:
        """What the registry knows of the network; None of the mean."""
        return registry.find(self.network) if self.network else None

    @property
    def objective(self) -> str:
        """The loss that the network is trained with."""
        return self.loss or (self.entry.loss if self.entry else "")


TABLE_1, TABLE_2, TABLE_3, TABLE_I = "table 1", "table 2", "table 3", "table I"

ROWS = (
    Row("mean", "", "0.408 1.244 - 0.418 0.711 0.874", f"{EIGEN}, {TABLE_1}, Mean"),
    Row("eigen_coarse", "eigen_coarse", "0.228 0.871 - 0.618 0.891 0.969", f"{EIGEN}, {TABLE_1}"),
    Row("eigen_coarse-l2log", "eigen_coarse", loss="silog:lam=0"),
    Row("eigen", "eigen", "0.215 0.907 - 0.611 0.887 0.971", f"{EIGEN}, {TABLE_1}", start="eigen_coarse"),
    Row("eigen_coarse-zhang", "eigen_coarse", loss="si_linear:lam=0.5"),
    Row("eigen-zhang", "eigen", "0.1033 0.1009% - 0.8951 - -", f"004, {TABLE_I}", "si_linear:lam=0.5",
        "eigen_coarse-zhang"),
    Row("eigen_kitti_coarse", "eigen_kitti_coarse", "0.194 7.216 - 0.679 0.897 0.967", f"{EIGEN}, {TABLE_2}",
        data="kitti"),
    Row("eigen_kitti", "eigen_kitti", "0.190 7.156 - 0.692 0.899 0.967", f"{EIGEN}, {TABLE_2}",
        start="eigen_kitti_coarse", data="kitti"),
    Row("zhang_eigen_coarse", "zhang_eigen_coarse"),
    Row("zhang_eigen", "zhang_eigen", "0.0877 0.0920% - 0.9010 - -", f"004, {TABLE_I}", start="zhang_eigen_coarse"),
    Row("zhang_alexnet", "zhang_alexnet", "0.0899 0.1051% - 0.9070 - -", f"004, {TABLE_I}"),
    Row("zhang_resnet18", "zhang_resnet18", "0.1101 0.1076% - 0.8954 - -", f"004, {TABLE_I}"),
    Row("mobile", "mobile"),
    Row("mobile-imagenet", "mobile", start=IMAGENET),
    Row("cnn_fc", "cnn_fc", "3.4e5 1.12 - 0.307 - -", f"001, {TABLE_1}"),
    Row("cnn", "cnn", "1.2e6 1.22 - 0.195 - -", f"001, {TABLE_1}"),
    Row("cnn-l2", "cnn", "4.52e6 1.23 - 0.380 - -", f"001, {TABLE_2}", loss="l2"),
    Row("cnn-berhu", "cnn", "1.76e6 0.98 - 0.352 - -", f"001, {TABLE_2}", loss="berhu:per_image=1"),
    Row("cnn_transpose", "cnn_transpose", "3.2e5 1.23 - 0.143 - -", f"001, {TABLE_1}"),
    Row("laina_alexnet_fc", "laina_alexnet_fc", "0.207 0.842 0.091 0.581 0.872 0.969", f"{LAINA}, {TABLE_1}"),
    Row("laina_alexnet_fc-l2", "laina_alexnet_fc", "0.209 0.845 0.090 0.586 0.869 0.967", f"{LAINA}, {TABLE_1}", "l2"),
    Row("laina_alexnet_upconv", "laina_alexnet_upconv", "0.215 0.855 0.094 0.574 0.855 0.958", f"{LAINA}, {TABLE_1}"),
    Row("laina_alexnet_upconv-l2", "laina_alexnet_upconv", "0.218 0.853 0.094 0.576 0.855 0.957",
        f"{LAINA}, {TABLE_1}", "l2"),
    Row("laina_resnet_fc", "laina_resnet_fc", "0.154 0.679 0.066 0.754 0.938 0.984", f"{LAINA}, {TABLE_1}"),
    Row("laina_resnet_deconv", "laina_resnet_deconv", "0.152 0.621 0.065 0.749 0.934 0.985", f"{LAINA}, {TABLE_1}"),
    Row("laina_vgg_upconv", "laina_vgg_upconv", "0.194 0.790 0.083 0.629 0.889 0.971", f"{LAINA}, {TABLE_1}"),
    Row("laina_vgg_upconv-l2", "laina_vgg_upconv", "0.194 0.746 0.083 0.626 0.894 0.974", f"{LAINA}, {TABLE_1}", "l2"),
    Row("laina_resnet_upconv", "laina_resnet_upconv", "0.132 0.604 0.058 0.789 0.946 0.986", f"{LAINA}, {TABLE_1}"),
    Row("laina_resnet_upconv-l2", "laina_resnet_upconv", "0.139 0.606 0.061 0.778 0.944 0.985",
        f"{LAINA}, {TABLE_1}", "l2"),
    Row("laina_resnet_upproj", "laina_resnet_upproj", "0.129 0.583 0.056 0.801 0.950 0.986", f"{LAINA}, {TABLE_1}"),
    Row("laina_resnet_upproj-l2", "laina_resnet_upproj", "0.138 0.592 0.060 0.785 0.952 0.987",
        f"{LAINA}, {TABLE_1}", "l2"),
    Row("laina_resnet_upproj-make3d", "laina_resnet_upproj", "0.176 4.46 0.072 - - -", f"{LAINA}, {TABLE_3}",
        data="make3d"),
    Row("laina_resnet_upproj-make3d-l2", "laina_resnet_upproj", "0.223 4.89 0.089 - - -", f"{LAINA}, {TABLE_3}", "l2",
        data="make3d"),
    Row("laina_released", "laina_released", "0.129 0.583 0.056 0.801 0.950 0.986", f"{LAINA}, {TABLE_2}"),
    Row("cnn_residual_zeros", "cnn_residual_zeros", "2.35e4 1.74 - 0.634 - -", f"001, {TABLE_1}"),
    Row("cnn_residual_averages", "cnn_residual_averages"),
    Row("hao_baseline", "hao_baseline", "0.153 0.663 0.070 0.754 0.953 0.990", f"{HAO}, {TABLE_1}"),
    Row("hao_dfe_only", "hao_dfe_only", "0.134 0.583 0.056 0.826 0.962 0.989", f"{HAO}, {TABLE_1}"),
    Row("hao_undilated_crb", "hao_undilated_crb", "0.129 0.568 0.054 0.836 0.965 0.991", f"{HAO}, {TABLE_1}"),
    Row("hao", "hao", "0.127 0.555 0.053 0.841 0.966 0.991", f"{HAO}, {TABLE_1}"),
)
"""In the order in which they are trained: rows that others start from before these, the slowest last."""


@dataclass(frozen=True)
class Table:
    title: str
    about: str
    rows: tuple[str, ...]
    printed: tuple[tuple[str, str, str], ...] = ()
    """(row, METRICS, source) where a paper prints other values in this comparison than for the network by itself."""


TABLES = (
    Table("Every network, with its own paper's loss",
          "`mean` predicts the mean depth of the training images, pixel by pixel, and looks at no image.",
          ("mean", "eigen_coarse", "eigen", "laina_alexnet_fc", "laina_alexnet_upconv", "laina_vgg_upconv",
           "laina_resnet_fc", "laina_resnet_deconv", "laina_resnet_upconv", "laina_resnet_upproj", "laina_released",
           "cnn_fc", "cnn", "cnn_transpose", "cnn_residual_zeros", "cnn_residual_averages", "hao_baseline",
           "hao_dfe_only", "hao_undilated_crb", "hao", "zhang_eigen_coarse", "zhang_eigen", "zhang_alexnet",
           "zhang_resnet18", "mobile")),
    Table("Laina: berHu against L2",
          "Laina 2016, section 4.2: \"In all shown experiments the berHu loss outperforms L2\".",
          tuple(f"laina_{network}{loss}" for network in
                ("alexnet_fc", "alexnet_upconv", "vgg_upconv", "resnet_upconv", "resnet_upproj")
                for loss in ("-l2", ""))),
    Table("Laina: UpProj against UpConv and DeConv", "All with L2, the one loss that the paper has for DeConv.",
          ("laina_resnet_deconv", "laina_resnet_upconv-l2", "laina_resnet_upproj-l2")),
    Table("001: unpooling with zeros or with averages", "The paper's values are those after 120 passes over 25 images.",
          ("cnn_residual_zeros", "cnn_residual_averages"),
          (("cnn_residual_zeros", "1.28e6 6.18 - 0.0537 - -", "001, table 3"),
           ("cnn_residual_averages", "1.27e6 6.37 - 0.0557 - -", "001, table 3"))),
    Table("001: losses", "All with the pure CNN.", ("cnn-l2", "cnn", "cnn-berhu"),
          (("cnn", "1.21e6 1.22 - 0.195 - -", "001, table 2"),)),
    Table("Hao: what each part adds", "Encoder and decoder of ResNet-50; dense features of ResNet-101; with attention; "
          "with dilated channel reduce blocks, which is the whole network.",
          ("hao_baseline", "hao_dfe_only", "hao_undilated_crb", "hao")),
    Table("Eigen on KITTI", "Eigen 2014, table 2. Coarse alone, and with the fine network; needs `--kitti DIR`.",
          ("eigen_kitti_coarse", "eigen_kitti")),
    Table("Laina on Make3D", "Laina 2016, table 3: berHu against L2 where depth goes up to 70 m; needs `--make3d DIR`.",
          ("laina_resnet_upproj-make3d-l2", "laina_resnet_upproj-make3d")),
    Table("004: its own network against Eigen's", "Both with the loss of 004, on depth and not its logarithm.",
          ("eigen_coarse-zhang", "eigen-zhang", "zhang_eigen_coarse", "zhang_eigen")),
    Table("Eigen: scale-invariant error against L2 of logarithms",
          "Lambda 0.5 against 0. Eigen 2014, section 5.1: \"we did not observe numeric gains\".",
          ("eigen_coarse-l2log", "eigen_coarse")),
    Table("Pretrained against random", "001, table 4, starts the whole CNN+Residual from weights trained on NYU "
          "(delta1 0.729 against 0.634). ImageNet weights that a package installer delivers exist for the encoder of "
          "our own network alone, so this is measured on `mobile`.", ("mobile", "mobile-imagenet")),
)

DIFFERENCES = (
    ("Eigen 2014", "120k (220k after evening scenes)", "2.0 M coarse, 1.5 M fine", "ImageNet",
     "section 4.1, footnote 1"),
    ("Laina 2016", "12k (95k with augmentation)", "1.9 M", "ImageNet", "section 4.2"),
    ("Hao 2018", "13k", "3.0 M", "ImageNet", "sections 3.4, 4.1"),
    ("001", "3590 (CNN+FC), 300 (CNN), 500 (CNN+Residual), 25 (unpooling)", "20 passes; 120 (unpooling)",
     "ImageNet (CNN+Residual)", "section 5"),
    ("004", "a subset of NYU", "not given", "not given", "section V"),
)
"""Paper, its training images, images seen in training, what its encoder starts from, where it says so."""
