"""The papers' settings."""

import pytest

pytest.importorskip("torch")

from calib.base.errors import BadInputError
from depth.data.augmentation import AUGMENTATIONS
from depth.training.recipes import RECIPES, recipe
from tests.helpers.training_runs import settings


def test_recipes_fit_the_configuration():
    for name in RECIPES:
        values = settings(**recipe(name))
        assert values.augment in AUGMENTATIONS
    hao = settings(**recipe("hao"))
    assert hao.lr * hao.end_lr == pytest.approx(1e-6) and 0.1 * hao.lr == pytest.approx(1e-5)
    with pytest.raises(BadInputError, match="laina"):
        recipe("resnet")
