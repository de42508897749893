"""Depthwise convolution that also learns fast on a CPU.

torch 2.13 computes the gradients of depthwise convolutions with 5x5 weights, or with a stride, three to ten times
slower than they need be on a CPU, and in bfloat16 slower than in float32: half of the time of training `mobile` there.
Prediction, export and GPUs are left to torch.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class DepthwiseConv2d(nn.Conv2d):
    """nn.Conv2d with a square kernel, as many groups as channels, and no bias."""

    def __init__(self, channels: int, kernel: int, stride: int = 1, padding: int = 0) -> None:
        super().__init__(channels, channels, kernel, stride, padding, groups=channels, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels, h, w) -> (B, channels, h', w')"""
        return depthwise_convolution(features, self.weight, self.stride[0], int(self.padding[0]))


def depthwise_convolution(features: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    """(B, channels, h, w), (channels, 1, k, k) -> (B, channels, h', w')"""
    slow_in_torch = weight.shape[-1] > 3 or stride > 1
    if not (slow_in_torch and torch.is_grad_enabled() and features.device.type == "cpu"):
        return functional.conv2d(features, weight, None, stride, padding, groups=len(weight))
    if torch.is_autocast_enabled("cpu"):
        dtype = torch.get_autocast_dtype("cpu")
        features, weight = features.to(dtype), weight.to(dtype)
    return _Depthwise.apply(features, weight, stride, padding)


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, weight, stride, padding):
        ctx.save_for_backward(features, weight)
        ctx.stride, ctx.padding = stride, padding
        return functional.conv2d(features, weight, None, stride, padding, groups=len(weight))

    @staticmethod
    def backward(ctx, gradient):
        features, weight = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        return (_input_gradient(gradient, weight, features.shape, ctx.stride, ctx.padding),
                _weight_gradient(features, gradient, weight, ctx.stride, ctx.padding), None, None)


def _input_gradient(gradient, weight, shape, stride, padding):
    """The output's gradient, spread out to a stride of 1, convolved with the weights turned by half a circle."""
    side = weight.shape[-1]
    if stride > 1:
        sizes = [length + 2 * padding - side + 1 for length in shape[2:]]
        spread = torch.zeros((*shape[:2], *sizes), dtype=gradient.dtype).to(memory_format=torch.channels_last)
        spread[:, :, ::stride, ::stride] = gradient
        gradient = spread
    return functional.conv2d(gradient, weight.flip(2, 3), None, 1, side - 1 - padding, groups=len(weight))


def _weight_gradient(features, gradient, weight, stride, padding):
    from depth.kernels.depthwise import add_weight_gradient
    padded = functional.pad(features.float(), (padding,) * 4)
    total = torch.zeros((*weight.shape[2:], len(weight)))
    add_weight_gradient(_channels_last(padded), _channels_last(gradient.float()), stride, total.numpy())
    return total.permute(2, 0, 1)[:, None].to(weight.dtype)


def _channels_last(tensor):
    """(B, c, h, w) tensor -> (B, h, w, c) array"""
    return tensor.permute(0, 2, 3, 1).contiguous().numpy()
