"""First weights of layers that no pretrained checkpoint fills."""

from torch import nn

WEIGHT_LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def initialise_normal(module: nn.Module, std: float = 0.01) -> None:
    """Normal weights with zero mean, biases 0, in every weight layer below `module`.

    Laina 2016, section 4.1, says "0.01 variance"; read as the standard deviation, for a variance of 0.01 makes its
    fully connected networks start with depths of +-70 m.
    """
    _for_each_weight_layer(module, lambda weight: nn.init.normal_(weight, std=std))


def initialise_he(module: nn.Module) -> None:
    """Weights that keep the variance of activations through ReLU, biases 0 (He 2015, "Delving deep", eq. 10)."""
    _for_each_weight_layer(module, lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"))


def initialise_xavier(module: nn.Module) -> None:
    """Uniform weights that keep the variance through linear layers, biases 0 (Glorot 2010, eq. 16)."""
    _for_each_weight_layer(module, nn.init.xavier_uniform_)


def _for_each_weight_layer(module, fill):
    for layer in module.modules():
        if isinstance(layer, WEIGHT_LAYERS):
            fill(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
