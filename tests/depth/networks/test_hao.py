"""Hao 2018: blocks against figure 2, and what training keeps fixed."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn

from depth.networks.hao import (
    AttentionFuseBlock,
    ChannelReduceBlock,
    DepthMapGenerator,
    Hao,
    HaoBaseline,
    Sum,
    fix_pretrained,
)

torch.set_num_threads(1)


def test_attention_weighs_channels_of_the_stage_by_both_inputs():
    torch.manual_seed(0)
    block = AttentionFuseBlock(8)
    stage, deeper = torch.rand(2, 8, 5, 6), torch.rand(2, 8, 5, 6)
    weights = (block(stage, deeper) - deeper) / stage
    assert torch.allclose(weights, weights[..., :1, :1].expand_as(weights), atol=1e-5), "one number a channel"
    assert 0 < weights.min() and weights.max() < 1
    others = [(block(stage * 2, deeper) - deeper) / (stage * 2), (block(stage, deeper * 2) - deeper * 2) / stage]
    assert not any(torch.allclose(weights, other, atol=1e-4) for other in others), "the scene decides"


def test_channel_reduce_block_sees_as_far_as_its_dilation():
    block = ChannelReduceBlock(6, 4, dilation=4).eval()
    features = torch.zeros(1, 6, 33, 33, requires_grad=True)
    block(features)[0, :, 16, 16].sum().backward()
    rows = features.grad.abs().sum((0, 1, 3)).nonzero().flatten().tolist()
    assert rows == [8, 12, 16, 20, 24]


@pytest.mark.parametrize("attention, dilated", [(True, True), (True, False), (False, False)])
def test_ablations(attention, dilated):
    with torch.device("meta"):
        generator = DepthMapGenerator((256, 512, 1024, 2048), attention, dilated)
    kind = AttentionFuseBlock if attention else Sum
    assert all(isinstance(block, kind) for block in generator.fuse) and len(generator.fuse) == 3
    dilations = [block.residual[0].dilation[0] for block in (*generator.reduce, *generator.refine)]
    assert dilations == ([1, 2, 4, 8, 1, 2, 4] if dilated else [1] * 7)


@pytest.mark.parametrize("attention, dilated", [(True, True), (True, False), (False, False)])
def test_every_ablation_learns(attention, dilated):
    torch.manual_seed(0)
    generator = DepthMapGenerator((2, 3, 4, 5), attention, dilated)
    depth = generator([torch.rand(2, channels, 4, 6) for channels in (2, 3, 4, 5)])
    depth.mean().backward()
    assert depth.shape == (2, 1, 8, 12) and all(p.grad.any() for p in generator.parameters())


def test_depth_is_positive():
    """Equation 3 takes the logarithm of depth + 1."""
    torch.manual_seed(0)
    generator = DepthMapGenerator((4, 4, 4, 4)).eval()
    nn.init.constant_(generator.predict.bias, -5)
    with torch.no_grad():
        assert generator([torch.rand(1, 4, 6, 8)] * 4).min() > 0


def test_features_stay_at_a_quarter():
    with torch.device("meta"):
        stages = Hao().encoder(torch.zeros(1, 3, 240, 320))[1:]
    assert [stage.shape[-2:] for stage in stages] == [(60, 80)] * 4


def test_the_baseline_meets_its_skips_at_odd_sizes():
    with torch.device("meta"):
        assert HaoBaseline()(torch.zeros(1, 3, 237, 301)).shape == (1, 1, 119, 151)


def test_what_is_fixed_around_a_pretrained_encoder():
    with torch.device("meta"):
        network = Hao()
    fix_pretrained(network)
    trained = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
    assert not [name for name in trained if name.startswith(("encoder.conv1", "encoder.bn1", "encoder.layer1"))]
    assert not [name for name in trained if name.startswith("encoder.") and ".bn" in name]
    assert "encoder.layer2.0.conv1.weight" in trained and "decoder.reduce.0.residual.1.weight" in trained
