"""The depthwise convolution that learns fast is torch's own, in results and gradients."""

import pytest
import torch
from torch.nn import functional

from depth.networks.depthwise import DepthwiseConv2d

SHAPES = [(16, 5, 1, 2), (24, 3, 2, 0), (8, 5, 2, 0), (8, 3, 2, 1), (4, 3, 1, 1)]
"""Channels, kernel, stride, padding."""


def results(channels, kernel, stride, padding, convolve, dtype):
    """-> output, gradients with respect to input and weights, for the same numbers each time"""
    torch.manual_seed(0)
    layer = DepthwiseConv2d(channels, kernel, stride, padding)
    features = torch.randn(2, channels, 11, 14).to(memory_format=torch.channels_last).requires_grad_()
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        output = convolve(layer, features)
    output.backward(torch.randn(output.shape).to(output.dtype))
    return output, features.grad, layer.weight.grad


def by_torch(layer, features):
    return functional.conv2d(features, layer.weight, None, layer.stride, layer.padding, groups=layer.groups)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("shape", SHAPES)
def test_results_and_gradients_are_those_of_torch(shape, dtype, tolerance):
    ours, theirs = (results(*shape, convolve, dtype) for convolve in (lambda layer, x: layer(x), by_torch))
    for have, wanted in zip(ours, theirs):
        assert have.dtype == wanted.dtype
        torch.testing.assert_close(have, wanted, rtol=tolerance, atol=tolerance * float(wanted.detach().abs().max()))


def test_prediction_is_left_to_torch():
    layer = DepthwiseConv2d(8, 5, padding=2)
    features = torch.randn(1, 8, 9, 9)
    with torch.inference_mode():
        assert torch.equal(layer(features), by_torch(layer, features))
