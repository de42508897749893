"""ResNet encoders: torchvision's names and numbers, dilation, the Caffe form."""

import pytest

torch = pytest.importorskip("torch")

from depth.networks.resnet import ResNet


def on_paper(depth, **options):
    """Shapes without memory or arithmetic."""
    with torch.device("meta"):
        return ResNet(depth, **options)


def sizes(encoder, height, width):
    return [tuple(stage.shape[1:]) for stage in encoder(torch.zeros(1, 3, height, width, device="meta"))]


@pytest.mark.parametrize("depth, parameters, tensors", [(18, 11_176_512, 120), (50, 23_508_032, 318),
                                                        (101, 42_500_160, 624)])
def test_numbers_of_torchvision_without_its_classifier(depth, parameters, tensors):
    encoder = on_paper(depth)
    assert sum(p.numel() for p in encoder.parameters()) == parameters
    assert len(encoder.state_dict()) == tensors


@pytest.mark.parametrize("depth, name, shape", [
    (18, "layer2.0.downsample.0.weight", (128, 64, 1, 1)), (18, "layer4.1.conv2.weight", (512, 512, 3, 3)),
    (50, "conv1.weight", (64, 3, 7, 7)), (50, "layer1.0.downsample.1.running_var", (256,)),
    (50, "layer3.5.conv3.weight", (1024, 256, 1, 1)), (101, "layer3.22.bn2.num_batches_tracked", ())])
def test_names_of_torchvision(depth, name, shape):
    assert on_paper(depth).state_dict()[name].shape == shape


def test_sizes_of_stages():
    assert sizes(on_paper(50), 228, 304) == [(64, 114, 152), (256, 57, 76), (512, 29, 38), (1024, 15, 19),
                                             (2048, 8, 10)]
    assert sizes(on_paper(18), 65, 97)[-1] == (512, 3, 4)


def test_dilation_keeps_the_size_and_the_weights():
    dense = on_paper(101, dilations=(1, 2, 4, 8))
    assert sizes(dense, 240, 320) == [(64, 120, 160)] + [(channels, 60, 80) for channels in (256, 512, 1024, 2048)]
    assert dense.layer4[0].conv2.dilation == dense.layer4[2].conv2.dilation == (8, 8)
    plain = on_paper(101).state_dict()
    assert {name: t.shape for name, t in dense.state_dict().items()} == {name: t.shape for name, t in plain.items()}


def test_where_each_form_strides():
    torchvision, caffe = on_paper(50), on_paper(50, caffe=True)
    assert (torchvision.layer3[0].conv1.stride, torchvision.layer3[0].conv2.stride) == ((1, 1), (2, 2))
    assert (caffe.layer3[0].conv1.stride, caffe.layer3[0].conv2.stride) == ((2, 2), (1, 1))
    assert sizes(caffe, 228, 304) == sizes(torchvision, 228, 304)


def test_a_residual_of_zero_leaves_the_features():
    """The identity shortcut: blocks whose last normalisation gives 0 do nothing but ReLU."""
    torch.manual_seed(0)
    block = ResNet(18).layer1[1].eval()
    torch.nn.init.zeros_(block.bn2.weight)
    features = torch.rand(1, 64, 4, 5)
    assert torch.equal(block(features), features)
