"""The one or two parts in which a network is trained."""

import pytest

pytest.importorskip("torch")

from depth.training.stage import initialise, prepare, stages
from tests.helpers.tiny_networks import ENTRIES, Tiny, TinyFine, lend
from tests.helpers.training_runs import settings

TINY, *_, TINY_FINE = ENTRIES


@pytest.fixture(autouse=True)
def tiny_networks(monkeypatch):
    lend(monkeypatch)


def test_two_stages():
    module = TinyFine()
    first, second = stages(TINY_FINE, module, settings(steps=14))
    assert (first.entry.name, first.module, first.first, first.last) == ("tiny", module.coarse, 0, 8)
    assert (second.entry.name, second.module, second.first, second.last) == ("tiny_fine", module, 8, 14)
    assert len(prepare(first, settings())) == 5 and len(prepare(second, settings())) == 2
    assert stages(TINY, Tiny(), settings(steps=14))[0].last == 14
    assert len(stages(TINY_FINE, module, settings(), coarse_is_trained=True)) == 1


def test_it_starts_from_what_ships_by_name():
    from depth.networks.registry import find
    assert initialise(find("mobile"), find("mobile").build(), "mobile-open")
