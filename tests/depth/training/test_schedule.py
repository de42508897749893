"""Learning rates over time."""

import pytest

pytest.importorskip("torch")

from depth.training import schedule
from tests.helpers.training_runs import settings


def test_poly_is_haos_equation_4():
    hao = settings(schedule="poly", lr=1e-4, end_lr=0.01, decay_share=16 / 20)
    for step in (0, 100, 799, 800, 1000):
        expected = (1e-4 - 1e-6) * (1 - min(step, 800) / 800) ** 1.0 + 1e-6
        assert 1e-4 * schedule.factor(hao, step, 1000) == pytest.approx(expected)


def test_poly_with_a_power():
    assert schedule.poly(0.5, 2.0, 0.2) == pytest.approx(0.8 * 0.25 + 0.2)


def test_one_cycle_rises_and_falls():
    factors = [schedule.factor(settings(schedule="one_cycle"), step, 100) for step in range(101)]
    assert [factors[0], factors[30], factors[100]] == pytest.approx([1 / 25, 1, 1e-4])
    assert factors[:31] == sorted(factors[:31]) and factors[30:] == sorted(factors[30:], reverse=True)


def test_warm_up():
    factors = [schedule.factor(settings(schedule="constant", warm_up=4), step, 10) for step in range(6)]
    assert factors == [0.25, 0.5, 0.75, 1, 1, 1]


def test_plateaus_lower_the_rate():
    plateau, patient = schedule.Plateau(), settings(schedule="plateau", patience=2, end_lr=0.005)
    factors = []
    for value in (0.5, 0.4, 0.45, 0.41, 0.3, 0.3, 0.31, 0.5, 0.5, 0.5, 0.5):
        plateau.observe(value, patient)
        factors.append(plateau.factor)
    assert factors == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.005, 0.005, 0.005])
    assert schedule.is_better("delta1", 0.6, 0.5) and not schedule.is_better("rel", 0.6, 0.5)
