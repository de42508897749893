"""The papers' own settings, as values for a TrainingConfig. Loads without torch.

Their numbers of steps belong to their numbers of images (12k to 220k) and to GPUs; with less, give --steps or --epochs.
"""

from typing import Any

from calib.base.errors import BadInputError

RECIPES = {
    # Section 4.1: rates 0.001, but 0.1 in the full layers 6 and 7 and 0.01 in the fine layer 2; 2.0 and 1.5 M samples.
    "eigen": dict(augment="eigen", optimiser="sgd", batch=32, lr=1e-3, schedule="constant", steps=109375,
                  lr_of=(("layer6", 100.0), ("layer7", 100.0), ("fine3", 10.0))),
    # Sections 4.1 and 4.2: 20 epochs of 95k images, rate 0.01, lowered at plateaus, every 6 to 8 epochs.
    "laina": dict(augment="eigen", optimiser="sgd", batch=16, lr=1e-2, schedule="plateau", steps=118750, patience=6,
                  end_lr=1e-4),
    # Sections 3.4 and 4.1: 20 epochs of 50k steps, decay over 16 of them; a tenth of the rate in the pretrained
    # encoder, whose first two stages and normalisation stay as they are.
    "hao": dict(augment="hao", optimiser="adam", batch=3, lr=1e-4, schedule="poly", end_lr=0.01, decay_share=0.8,
                steps=1_000_000, freeze_norm="encoder",
                lr_of=(("encoder.conv1", 0.0), ("encoder.bn1", 0.0), ("encoder.layer1", 0.0), ("encoder", 0.1))),
    # 001, section 5.1: Adam, 0.001, weight decay 1e-4, batches of 8; it changes no images. 20 epochs of the 500 images
    # of CNN+Residual; the pure CNN has 300.
    "students": dict(augment="none", optimiser="adam", batch=8, lr=1e-3, weight_decay=1e-4, schedule="constant",
                     steps=1250),
    # The same for CNN+FC, section 5.1.1: batches of 32, 20 epochs of 3590 images.
    "students_fc": dict(augment="none", optimiser="adam", batch=32, lr=1e-3, weight_decay=1e-4, schedule="constant",
                        steps=2244),
    # 004 names neither rates nor steps; Eigen's.
    "zhang": dict(augment="eigen", optimiser="sgd", batch=32, lr=1e-3, schedule="constant", steps=109375),
    # Ours, for few images: everything that keeps a network from learning them by heart.
    "strong": dict(augment="strong", optimiser="adamw", batch=8, lr=1e-3, weight_decay=0.01, schedule="one_cycle",
                   clip=1.0, ema=0.999, steps=10_000),
}


def recipe(name: str) -> dict[str, Any]:
    """Name -> {field of TrainingConfig: value}. Raises BadInputError."""
    if name not in RECIPES:
        raise BadInputError(f"--recipe {name}: choose one of {', '.join(RECIPES)}")
    return RECIPES[name]
