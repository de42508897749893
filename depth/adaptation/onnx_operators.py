"""ONNX operators in torch, so that gradients pass through them. Opset 13 and later, and what of older ones is alike."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from depth.networks.depthwise import depthwise_convolution

Attributes = Mapping[str, Any]
TYPES = {1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float32, 11: torch.float64}
"""Of onnx.TensorProto; half precision is computed in single precision here."""


def _conv(a, x, weight, bias=None):
    stride, dilation, group = a.get("strides", [1, 1]), a.get("dilations", [1, 1]), a.get("group", 1)
    x, padding = _padded(a, x, weight, stride)
    if weight.shape[2:] == (1, 1) and group == 1 and set(stride) == {1} and padding == (0, 0):
        return functional.linear(x.permute(0, 2, 3, 1), weight[:, :, 0, 0], bias).permute(0, 3, 1, 2)
    if _is_depthwise(weight, group, dilation) and len(set(stride)) == 1 and len(set(padding)) == 1:
        out = depthwise_convolution(x, weight, stride[0], padding[0])
        return out if bias is None else out + bias[:, None, None]
    return functional.conv2d(x, weight, bias, stride, padding, dilation, group)


def _is_depthwise(weight, group, dilation):
    return weight.shape[0] == group and weight.shape[1] == 1 and weight.shape[2] == weight.shape[3] \
        and set(dilation) == {1}


def _padded(a, x, weight, stride, value=0.0):
    """-> the input, and the even padding (vertical, horizontal) that is left to the operator."""
    mode, pads = a.get("auto_pad", b"NOTSET"), a.get("pads", [0, 0, 0, 0])
    if mode in (b"SAME_UPPER", b"SAME_LOWER"):
        sides = a.get("kernel_shape") or weight.shape[2:]
        total = [max((-(-length // s) - 1) * s + k - length, 0) for length, s, k in zip(x.shape[2:], stride, sides)]
        small, large = [t // 2 for t in total], [t - t // 2 for t in total]
        pads = small + large if mode == b"SAME_UPPER" else large + small
    top, left, bottom, right = pads
    if (top, left) == (bottom, right):
        return x, (top, left)
    return functional.pad(x, (left, right, top, bottom), value=value), (0, 0)


def _conv_transpose(a, x, weight, bias=None):
    top, left, bottom, right = a.get("pads", [0, 0, 0, 0])
    out = functional.conv_transpose2d(x, weight, bias, a.get("strides", [1, 1]), 0, a.get("output_padding", [0, 0]),
                                      a.get("group", 1), a.get("dilations", [1, 1]))
    return out[..., top:out.shape[2] - bottom, left:out.shape[3] - right]


def _max_pool(a, x):
    stride = a.get("strides", [1, 1])
    x, padding = _padded(a, x, None, stride, -torch.inf)
    return functional.max_pool2d(x, a["kernel_shape"], stride, padding, a.get("dilations", [1, 1]),
                                 bool(a.get("ceil_mode", 0)))


def _average_pool(a, x):
    stride = a.get("strides", [1, 1])
    x, padding = _padded(a, x, None, stride)
    return functional.avg_pool2d(x, a["kernel_shape"], stride, padding, bool(a.get("ceil_mode", 0)),
                                 bool(a.get("count_include_pad", 0)))


def _resize(a, x, _roi=None, scales=None, sizes=None):
    if sizes is not None and sizes.numel():
        size = sizes[2:].tolist()
    else:
        assert scales is not None, "Resize has either"
        size = [int(length * scale) for length, scale in zip(x.shape[2:], scales[2:].tolist())]
    if a.get("mode", b"nearest") == b"nearest":
        return functional.interpolate(x, size, mode="nearest")
    mode = {b"linear": "bilinear", b"cubic": "bicubic"}[a["mode"]]
    return functional.interpolate(x, size, mode=mode,
                                  align_corners=a.get("coordinate_transformation_mode") == b"align_corners")


def _batch_norm(a, x, scale, bias, mean, variance):
    return functional.batch_norm(x, mean, variance, scale, bias, False, 0.0, a.get("epsilon", 1e-5))


def _gemm(a, x, y, z=None):
    x, y = x.T if a.get("transA", 0) else x, y.T if a.get("transB", 0) else y
    out = a.get("alpha", 1.0) * (x @ y)
    return out if z is None else out + a.get("beta", 1.0) * z


def _reduce_mean(a, x, axes=None):
    axes = a.get("axes") if axes is None else axes.tolist()
    return x.mean(tuple(axes or range(x.ndim)), keepdim=bool(a.get("keepdims", 1)))


def _split(a, x, sizes=None):
    axis, count = a.get("axis", 0), a.get("num_outputs")
    if sizes is not None:
        return x.split(sizes.tolist(), axis)
    if a.get("split"):
        return x.split(a["split"], axis)
    return x.split(-(-x.shape[axis] // (count or a["outputs"])), axis)


def _slice(a, x, starts=None, ends=None, axes=None, steps=None):
    starts, ends = (a[name] if given is None else given.tolist() for name, given in (("starts", starts),
                                                                                    ("ends", ends)))
    axes = a.get("axes", list(range(len(starts)))) if axes is None else axes.tolist()
    steps = [1] * len(starts) if steps is None else steps.tolist()
    index = [slice(None)] * x.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps):
        index[axis] = slice(start, end, step)
    return x[tuple(index)]


def _reshape(a, x, shape):
    return x.reshape([x.shape[k] if size == 0 and not a.get("allowzero", 0) else size
                      for k, size in enumerate(shape.tolist())])


def _gather(a, x, index):
    axis = a.get("axis", 0)
    flat = index.reshape(-1) % x.shape[axis]
    return x.index_select(axis, flat).reshape(*x.shape[:axis], *index.shape, *x.shape[axis:][1:])


def _pad(a, x, pads=None, value=None, axes=None):
    pads = a["pads"] if pads is None else pads.tolist()
    half = len(pads) // 2
    both = [size for k in reversed(range(half)) for size in (pads[k], pads[half + k])]
    mode = {b"constant": "constant", b"reflect": "reflect", b"edge": "replicate"}[a.get("mode", b"constant")]
    if mode != "constant":
        return functional.pad(x, both[:4], mode)
    return functional.pad(x, both, value=float(a.get("value", 0.0) if value is None else value))


def _squeeze(a, x, axes=None):
    axes = a.get("axes") if axes is None else axes.tolist()
    return x.squeeze(tuple(axes)) if axes else x.squeeze()


def _unsqueeze(a, x, axes=None):
    for axis in sorted(a["axes"] if axes is None else axes.tolist()):
        x = x.unsqueeze(axis)
    return x


def _clip(a, x, low=None, high=None):
    low, high = (a.get(name) if given is None else given.item() for name, given in (("min", low), ("max", high)))
    if low is None or high is None or not x.is_floating_point():
        return x.clamp(low, high)
    return functional.hardtanh(x, low, high)  # whose gradient is one pass, where that of clamp is four


def _flatten(a, x):
    axis = a.get("axis", 1)
    return x.reshape(int(torch.tensor(x.shape[:axis]).prod()), -1)


OPERATORS: Mapping[str, Callable[..., Tensor | tuple[Tensor, ...]]] = {
    "Conv": _conv, "ConvTranspose": _conv_transpose, "BatchNormalization": _batch_norm, "Gemm": _gemm,
    "MatMul": lambda a, x, y: x @ y, "MaxPool": _max_pool, "AveragePool": _average_pool,
    "GlobalAveragePool": lambda a, x: x.mean((2, 3), keepdim=True), "ReduceMean": _reduce_mean, "Resize": _resize,
    "Upsample": lambda a, x, scales: _resize(a, x, None, scales),
    "Relu": lambda a, x: x.relu(), "LeakyRelu": lambda a, x: functional.leaky_relu(x, a.get("alpha", 0.01)),
    "PRelu": lambda a, x, slope: torch.where(x < 0, slope * x, x), "Clip": _clip,
    "Elu": lambda a, x: functional.elu(x, a.get("alpha", 1.0)), "Sigmoid": lambda a, x: x.sigmoid(),
    "HardSigmoid": lambda a, x: (a.get("alpha", 0.2) * x + a.get("beta", 0.5)).clamp(0, 1),
    "HardSwish": lambda a, x: functional.hardswish(x), "Softplus": lambda a, x: functional.softplus(x),
    "Tanh": lambda a, x: x.tanh(), "Erf": lambda a, x: x.erf(), "Exp": lambda a, x: x.exp(),
    "Log": lambda a, x: x.log(), "Sqrt": lambda a, x: x.sqrt(), "Abs": lambda a, x: x.abs(), "Neg": lambda a, x: -x,
    "Reciprocal": lambda a, x: 1 / x, "Softmax": lambda a, x: x.softmax(a.get("axis", -1)),
    "Add": lambda a, x, y: x + y, "Sub": lambda a, x, y: x - y, "Mul": lambda a, x, y: x * y,
    "Div": lambda a, x, y: x / y if x.is_floating_point() else x // y, "Pow": lambda a, x, y: x ** y,
    "Max": lambda a, *xs: torch.stack(torch.broadcast_tensors(*xs)).amax(0),
    "Min": lambda a, *xs: torch.stack(torch.broadcast_tensors(*xs)).amin(0),
    "Concat": lambda a, *xs: torch.cat(xs, a["axis"]), "Split": _split, "Slice": _slice, "Gather": _gather,
    "Shape": lambda a, x: torch.tensor(x.shape), "Reshape": _reshape, "Flatten": _flatten, "Pad": _pad,
    "Transpose": lambda a, x: x.permute(a.get("perm", list(reversed(range(x.ndim))))), "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze, "Expand": lambda a, x, shape: x.broadcast_to(
        torch.broadcast_shapes(x.shape, shape.tolist())),
    "Cast": lambda a, x: x.to(TYPES[a["to"]]), "Identity": lambda a, x: x, "Dropout": lambda a, x, *_: x,
    "DepthToSpace": lambda a, x: functional.pixel_shuffle(x, a["blocksize"]),
}
"""Operators by ONNX's names: functions of {attribute: value} and the inputs."""
