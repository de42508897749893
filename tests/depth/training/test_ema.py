"""The running mean of weights."""

import pytest

torch = pytest.importorskip("torch")

from depth.training.ema import Ema


def test_running_mean_of_weights():
    module = torch.nn.BatchNorm1d(1)
    ema = Ema(module, 0.9)
    values = [1.0]
    for step in (1, 2, 3):
        with torch.no_grad():
            module.weight += 1
        module.num_batches_tracked += 1
        ema.update(module)
        decay = min(0.9, (1 + step) / (10 + step))
        values.append(decay * values[-1] + (1 - decay) * (step + 1))
    assert ema.mean["weight"].item() == pytest.approx(values[-1]) and ema.mean["num_batches_tracked"] == 3
    with ema.in_place_of(module):
        assert module.weight.item() == pytest.approx(values[-1])
    assert module.weight.item() == 4


def test_without_decay_there_is_no_mean():
    module = torch.nn.Linear(1, 1)
    ema = Ema(module, 0.0)
    before = module.weight.item()
    ema.update(module)
    with ema.in_place_of(module):
        assert module.weight.item() == before
    assert ema.state()["mean"] == {}
