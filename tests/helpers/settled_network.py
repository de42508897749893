"""Networks with random weights that nevertheless predict depth of a few metres, as trained ones do."""

import torch
from torch import Tensor, nn

from depth.runtimes.self_check import pictures

MEAN = 2.0
"""Of the predictions: metres, or their logarithm."""
WEIGHTED = nn.Conv2d | nn.ConvTranspose2d | nn.Linear


def settled(module: nn.Module, size: tuple[int, int]) -> nn.Module:
    """Scale each layer so that its output for made-up images of (height, width) has a root mean square of 1 (Mishkin
    2016, "All you need is a good init", there with the variance), and give the last one a bias, if it has any, so that
    the network predicts MEAN on average -> the network, in eval mode

    Without, activations die or grow from layer to layer, and depth is 0 or thousands, for which no precision is enough.
    """
    rgb = torch.stack([torch.from_numpy(picture) for picture in pictures(size)]).permute(0, 3, 1, 2).float() / 255
    last: list[tuple[nn.Module, Tensor]] = []

    def scaled(layer: nn.Module, _: object, output: Tensor) -> Tensor:
        rms = output.square().mean().sqrt()
        for values in layer.parameters():
            values.div_(rms)
        last[:] = [(layer, output / rms)]
        return output / rms
    hooks = [part.register_forward_hook(scaled) for part in module.modules() if isinstance(part, WEIGHTED)]
    with torch.no_grad():
        module.eval()(rgb)
        layer, output = last[0]
        if layer.bias is not None:
            only = slice(0, 1) if isinstance(layer, nn.Conv2d) else slice(None)  # beside it, the expected error
            layer.bias[only] += MEAN - output[:, only].mean()
    for hook in hooks:
        hook.remove()
    return module
