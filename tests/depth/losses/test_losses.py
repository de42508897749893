"""Losses: values worked out by hand, gradients against finite differences, masks, and the text of --loss."""

import math

import pytest

torch = pytest.importorskip("torch")

from calib.base.errors import BadInputError
from depth.losses.gradient import multi_scale_gradient
from depth.losses.likelihood import gaussian, laplace
from depth.losses.masked import log_depth
from depth.losses.objective import LOSSES, Objective, Prediction
from depth.losses.pointwise import berhu, l1, l2, log_l1, reverse_huber
from depth.losses.scale_invariant import scale_invariant, scale_invariant_root
from depth.losses.shape import shape as shape_of_teacher

torch.set_num_threads(1)


def row(*values, shape=None):
    """A batch of one image of one row, or of the given shape, in float64."""
    return torch.tensor(values, dtype=torch.float64).reshape(shape or (1, 1, 1, -1))


def all_valid(x):
    return torch.ones_like(x, dtype=torch.bool)


def close(value, expected):
    assert value.item() == pytest.approx(expected, rel=1e-12, abs=1e-12)


PREDICTED, TRUTH = row(1.0, 2.0, 4.0), row(1.5, 2.0, 1.0)
"""Residuals -0.5, 0 and 3."""


def test_l2_and_l1():
    close(l2(PREDICTED, TRUTH, all_valid(TRUTH)), (0.25 + 9) / 3)
    close(l1(PREDICTED, TRUTH, all_valid(TRUTH)), 3.5 / 3)


def test_reverse_huber_is_l1_inside_and_l2_outside_and_smooth_between():
    c = 0.6
    close(reverse_huber(torch.tensor(-0.5), c).double().round(decimals=6), 0.5)
    close(reverse_huber(row(3.0), c).sum(), (9 + 0.36) / 1.2)
    x = row(c - 1e-9, c + 1e-9).requires_grad_()
    values = reverse_huber(x, c)
    slopes, = torch.autograd.grad(values.sum(), x)
    assert torch.allclose(values, row(c, c), atol=1e-8) and torch.allclose(slopes, row(1.0, 1.0), atol=1e-8)


def test_berhu_switches_at_a_fifth_of_the_largest_residual_of_the_batch():
    close(berhu(PREDICTED, TRUTH, all_valid(TRUTH)), (0.5 + (9 + 0.36) / 1.2) / 3)  # c = 0.6
    batch = torch.cat([row(3.0, 0.0), row(0.5, 0.25)])
    zeros = torch.zeros_like(batch)
    close(berhu(batch, zeros, all_valid(batch)), ((9 + 0.36) / 1.2 + 0.5 + 0.25) / 4)
    of_image = ((9 + 0.36) / 1.2 + (0.25 + 0.01) / 0.2 + (0.0625 + 0.01) / 0.2) / 4  # c = 0.6 and 0.1
    close(berhu(batch, zeros, all_valid(batch), per_image=True), of_image)


def test_the_threshold_of_berhu_ignores_invalid_pixels_and_is_a_constant_of_the_step():
    predicted = PREDICTED.clone().requires_grad_()
    valid = torch.tensor([[[[True, True, False]]]])
    close(berhu(predicted, TRUTH, valid), (0.25 + 0.01) / 0.2 / 2)  # c = 0.1
    berhu(predicted, TRUTH, all_valid(TRUTH)).backward()
    assert torch.allclose(predicted.grad * 3, row(-1.0, 0.0, 3 / 0.6))


def test_berhu_of_a_perfect_prediction():
    predicted = TRUTH.clone().requires_grad_()
    loss = berhu(predicted, TRUTH, all_valid(TRUTH))
    loss.backward()
    assert loss == 0 and torch.all(predicted.grad == 0)


def test_log_l1_of_hao():
    expected = (math.log(2.5 / 2) + 0 + math.log(5 / 2)) / 3
    close(log_l1(PREDICTED, TRUTH, all_valid(TRUTH)), expected)


def test_log_l1_pulls_negative_predictions_up():
    predicted = row(-3.0).requires_grad_()
    log_l1(predicted, row(1.0), all_valid(predicted)).backward()
    close(predicted.grad.sum(), -1)


def test_scale_invariant_error():
    d = PREDICTED - TRUTH
    mean, square = 2.5 / 3, 9.25 / 3
    for lam in (0, 0.5, 1):
        close(scale_invariant(PREDICTED, TRUTH, all_valid(d), lam), square - lam * mean**2)
    close(scale_invariant_root(PREDICTED, TRUTH, all_valid(d), 0.85), 10 * math.sqrt(square - 0.85 * mean**2 + 1e-6))


def test_scale_invariant_error_averages_images_not_pixels():
    predicted = torch.cat([row(1.0, 3.0), row(5.0, 7.0)])
    ground_truth = torch.zeros_like(predicted)
    valid = torch.tensor([[[[True, True]]], [[[True, False]]]])
    close(scale_invariant(predicted, ground_truth, valid, 0.5), ((5 - 0.5 * 4) + (25 - 0.5 * 25)) / 2)


def test_with_lambda_1_and_logs_scale_does_not_matter():
    valid = all_valid(TRUTH)
    errors = [scale_invariant((PREDICTED * scale).log(), TRUTH.log(), valid, 1.0) for scale in (1, 7)]
    close(errors[0], errors[1].item())


def test_multi_scale_gradient():
    residual = torch.arange(16, dtype=torch.float64).reshape(1, 1, 4, 4) ** 2 / 10
    expected = 0
    for step in (1, 2):
        level = residual[0, 0, ::step, ::step].numpy()
        expected += abs(level[:, 1:] - level[:, :-1]).mean() + abs(level[1:] - level[:-1]).mean()
    close(multi_scale_gradient(residual, torch.zeros_like(residual), all_valid(residual), scales=2), expected)


def test_multi_scale_gradient_by_hand_and_across_holes():
    predicted, ground_truth = row(1.0, 2.0, 4.0, 8.0), torch.zeros(1, 1, 1, 4, dtype=torch.float64)
    close(multi_scale_gradient(predicted, ground_truth, all_valid(ground_truth), 1), (1 + 2 + 4) / 3)
    hole = torch.tensor([[[[True, True, False, True]]]])
    close(multi_scale_gradient(predicted, ground_truth, hole, 1), 1)


def test_likelihoods():
    log_error = row(0.0, math.log(2.0), 1.0)
    expected = sum(abs(r) / math.exp(s) + s + math.log(2) for r, s in zip((-0.5, 0, 3), log_error.flatten().tolist()))
    close(laplace(PREDICTED, TRUTH, all_valid(TRUTH), log_error), expected / 3)
    expected = sum(r * r / 2 / math.exp(2 * s) + s + math.log(2 * math.pi) / 2
                   for r, s in zip((-0.5, 0, 3), log_error.flatten().tolist()))
    close(gaussian(PREDICTED, TRUTH, all_valid(TRUTH), log_error), expected / 3)


@pytest.mark.parametrize("likelihood, best", [(laplace, 3.5 / 3), (gaussian, math.sqrt(9.25 / 3))])
def test_the_best_predicted_error_is_the_mean_one(likelihood, best):
    log_error = torch.full_like(TRUTH, math.log(best)).requires_grad_()
    likelihood(PREDICTED, TRUTH, all_valid(TRUTH), log_error).backward()
    assert log_error.grad.sum().abs() < 1e-12


def random_batch(seed=0):
    """Predictions with some below 0, ground_truths with holes, and log errors: (2, 1, 6, 8) in float64."""
    generator = torch.Generator().manual_seed(seed)
    predicted = torch.randn(2, 1, 6, 8, dtype=torch.float64, generator=generator) + 1.5
    ground_truth = torch.rand(2, 1, 6, 8, dtype=torch.float64, generator=generator) * 5 + 0.2
    ground_truth[torch.rand(ground_truth.shape, generator=generator) < 0.3] = 0
    return predicted, ground_truth, 0.3 * torch.randn(predicted.shape, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("is_log", [False, True])
@pytest.mark.parametrize("name", [name for name in LOSSES if name != "berhu"])
def test_gradients(name, is_log):
    predicted, ground_truth, log_error = (x.requires_grad_() for x in random_batch())
    objective = Objective(name)
    torch.autograd.gradcheck(lambda p, s: objective(Prediction(p, is_log, s), ground_truth.detach()),
                             (predicted, log_error))


def test_gradient_of_berhu():
    predicted, ground_truth, _ = random_batch()
    difference = (predicted - ground_truth)[ground_truth > 0].requires_grad_()
    torch.autograd.gradcheck(lambda x: reverse_huber(x, 0.7), difference)


@pytest.mark.parametrize("hole", [0.0, math.nan, -1.0])
@pytest.mark.parametrize("name", LOSSES)
def test_no_valid_pixel_costs_nothing(name, hole):
    predicted, ground_truth, log_error = (x.requires_grad_() for x in random_batch())
    loss = Objective(name)(Prediction(predicted, False, log_error), torch.full_like(ground_truth, hole))
    loss.backward()
    assert loss == 0 and torch.all(predicted.grad == 0)


@pytest.mark.parametrize("name", LOSSES)
def test_invalid_pixels_have_no_influence(name):
    predicted, ground_truth, log_error = random_batch()
    gradients = []
    for hole in (0.0, math.nan):
        holed = torch.where(ground_truth > 0, ground_truth, hole)
        variable = torch.where(ground_truth > 0, predicted, 50.0 if hole else 7.0).requires_grad_()
        loss = Objective(name)(Prediction(variable, False, log_error), holed)
        loss.backward()
        gradients.append((loss.item(), variable.grad))
    assert gradients[0][0] == gradients[1][0] and torch.equal(gradients[0][1], gradients[1][1])
    assert torch.all(gradients[0][1][ground_truth == 0] == 0)


def test_log_depth_has_a_slope_everywhere():
    depth_m = row(-2.0, 0.0, 0.01, 0.5, 3.0).requires_grad_()
    logs = log_depth(depth_m)
    slopes, = torch.autograd.grad(logs.sum(), depth_m)
    assert torch.allclose(logs[..., 2:], depth_m[..., 2:].log())
    assert torch.allclose(slopes, row(100.0, 100.0, 100.0, 2.0, 1 / 3))


def test_the_objective_converts_between_depth_and_its_logarithm():
    predicted, ground_truth, _ = random_batch()
    predicted = predicted.abs() + 0.1
    for name in ("berhu", "silog"):
        objective = Objective(name)
        expected = objective(Prediction(predicted.log(), True), ground_truth).item()
        close(objective(Prediction(predicted, False), ground_truth), expected)


def test_the_objective_is_a_weighted_sum():
    predicted, ground_truth, _ = random_batch()
    prediction = Prediction(predicted, True)
    parts = [Objective(text)(prediction, ground_truth).item() for text in ("silog:lam=0.85", "gradient:scales=2", "l1")]
    close(Objective("silog:lam=0.85 + 0.5*gradient:scales=2 + 2*l1")(prediction, ground_truth),
          parts[0] + 0.5 * parts[1] + 2 * parts[2])


def test_the_truth_comes_to_the_size_of_the_prediction():
    ground_truth = torch.arange(16, dtype=torch.float64).reshape(1, 1, 4, 4)
    prediction = Prediction(torch.zeros(1, 1, 2, 2, dtype=torch.float64), False)
    close(Objective("l1")(prediction, ground_truth), (5 + 7 + 13 + 15) / 4)


@pytest.mark.parametrize("text, named", [
    ("huber", "no loss 'huber'"), ("", "no loss ''"), ("l1+", "no loss ''"), ("x*l1", "'x'"), ("silog:lam=x", "'x'"),
    ("silog:lambda=1", "'lambda=1'"), ("l1:lam=1", "no options"), ("silog:lam", "'lam'"), ("-1*l1", "'-1'"),
    ("nan*l1", "'nan'")])
def test_wrong_texts_are_told_in_one_line(text, named):
    with pytest.raises(BadInputError) as caught:
        Objective(text)
    assert named in str(caught.value) and "\n" not in str(caught.value)


def test_likelihoods_need_a_network_that_predicts_its_error():
    predicted, ground_truth, _ = random_batch()
    with pytest.raises(BadInputError, match="uncertainty"):
        Objective("laplace")(Prediction(predicted, True), ground_truth)


def test_shape_of_a_teacher():
    taught = torch.arange(12.0).reshape(1, 1, 3, 4) / 10
    assert shape_of_teacher(taught + 0.7, taught).item() == pytest.approx(0, abs=1e-6)
    tilted = taught + torch.arange(4.0) / 10  # by -0.1, 0, 0.1, 0.2 about the (lower) median
    assert shape_of_teacher(tilted, taught).item() == pytest.approx(0.1 + 0.1, abs=1e-6)
