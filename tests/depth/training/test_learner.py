"""Tiny networks that learn, one step at a time."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from calib.base.errors import BadInputError, MonofuseError
from depth.training.batches import Batch
from depth.training.learner import Learner
from depth.training.stage import Stage
from tests.helpers.tiny_networks import ENTRIES
from tests.helpers.training_runs import ALONE, assert_same, settings

torch.set_num_threads(1)
TINY, _, TINY_ERROR, *_ = ENTRIES


def learner(entry=TINY, seed=0, **values):
    torch.manual_seed(seed)
    values = {"lr": 0.01, "schedule": "constant", **values}
    return Learner(Stage(entry, entry.build(), 0, 100), settings(**values), ALONE)


def batch(seed=0, count=4):
    rng = np.random.default_rng(seed)
    rgb = torch.from_numpy(rng.integers(0, 255, (count, 3, 32, 32), np.uint8))
    return Batch(rgb, 0.5 + rgb.float().mean(1, keepdim=True) / 64)


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
def test_networks_learn(optimiser):
    student = learner(optimiser=optimiser, loss="l1", clip=5.0)
    losses = [student.step(k, batch()).loss for k in range(40)]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_networks_with_two_outputs_learn(precision):
    student = learner(TINY_ERROR, precision=precision)
    losses = [student.step(k, batch()).loss for k in range(60)]
    prediction = student.predict(batch().rgb)
    assert losses[-1] < losses[0] and prediction.is_log and prediction.value.dtype == torch.float32
    assert prediction.log_error.shape == (4, 1, 16, 16)


def test_gradients_are_clipped():
    free, clipped = (learner(optimiser="sgd", momentum=0.0, clip=clip, loss="100*l1") for clip in (0.0, 0.1))
    before = clipped.module.predict.bias.item()
    assert free.step(0, batch()).gradient_norm == clipped.step(0, batch()).gradient_norm > 1
    assert 0 < abs(clipped.module.predict.bias.item() - before) <= 0.01 * 0.1 + 1e-9


def test_rates_of_parts():
    student = learner(lr_of=(("encoder.0", 0.0), ("encoder", 0.5)), loss="l1")
    before = {name: tensor.clone() for name, tensor in student.module.named_parameters()}
    student.step(0, batch())
    after = dict(student.module.named_parameters())
    assert torch.equal(before["encoder.0.weight"], after["encoder.0.weight"])
    assert not torch.equal(before["encoder.1.weight"], after["encoder.1.weight"])
    assert {group["factor"]: group["lr"] for group in student.optimiser.param_groups} == {0.5: 0.005, 1.0: 0.01}


def test_weights_decay_but_biases_do_not():
    decays = {group["params"][0].ndim > 1: group["weight_decay"]
              for group in learner(weight_decay=0.1).optimiser.param_groups}
    assert decays == {True: 0.1, False: 0.0}


def test_frozen_batch_normalisation():
    student = learner(freeze_norm="encoder")
    norm = student.module.encoder[1]
    before = {name: tensor.clone() for name, tensor in norm.state_dict().items()}
    student.step(0, batch())
    assert_same(before, norm.state_dict())
    assert student.module.dropout.training and not norm.training


def test_frozen_statistics_of_batch_normalisation_that_learns():
    student = learner(freeze_statistics="encoder")
    norm = student.module.encoder[1]
    before = {name: tensor.clone() for name, tensor in norm.state_dict().items()}
    student.step(0, batch())
    after = norm.state_dict()
    assert torch.equal(before["running_mean"], after["running_mean"]) and not torch.equal(before["bias"], after["bias"])


def test_a_teacher_teaches_shapes_and_not_their_scale():
    untaught, taught, scaled = (learner(loss="l1", teacher_weight=5.0) for _ in range(3))
    images = batch()
    opinion = torch.linspace(0, 1, 32).expand(4, 1, 32, 32)
    plain = untaught.step(0, images)
    lesson = taught.step(0, images._replace(taught=opinion))
    assert lesson.loss > plain.loss and lesson.gradient_norm != plain.gradient_norm
    assert scaled.step(0, images._replace(taught=opinion + 1)).loss == pytest.approx(lesson.loss, rel=1e-5)


def test_nothing_left_to_learn():
    with pytest.raises(BadInputError, match="nothing to learn"):
        learner(lr_of=(("", 0.0),))


def test_a_loss_that_is_no_number_ends_training():
    student = learner()
    with torch.no_grad():
        student.module.predict.bias.fill_(math.nan)
    with pytest.raises(MonofuseError, match="--lr"):
        student.step(0, batch())


def test_half_precision_needs_a_gpu():
    with pytest.raises(BadInputError, match="GPU"):
        learner(precision="fp16")
