"""The model card next to a file of weights: where they come from, and how good they are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from depth.data.sample import DepthDataset
from depth.evaluation.metrics import HIGHER_IS_BETTER
from depth.networks.registry import Network
from depth.training.config import TrainingConfig

SHOWN = ("rel", "sqrel", "rms", "rms_log", "log10", "delta1", "delta2", "delta3", "si_rms")


def card(entry: Network, parameters: int, config: TrainingConfig, datasets: Mapping[str, Sequence[DepthDataset]],
         validation: Mapping[str, Any] | None, facts: Mapping[str, str]) -> str:
    """The Markdown text of a model card.

    `datasets`: {name of role: datasets}; `validation`: summary of the kept weights (depth.evaluation.evaluate) or None;
    `facts`: {what: text}, shown in order.
    """
    what = f"Depth from a single image, by the network `{entry.name}` ({entry.paper}), {parameters:,} parameters."
    parts = [f"# {entry.name}", what, _list(facts), "## Data", *_data(datasets), "## Validation", _table(validation),
             "## Settings", _settings(config), "## Licence", _licences(datasets)]
    return "\n\n".join(parts) + "\n"


def _list(facts):
    return "\n".join(f"- {what}: {text}" for what, text in facts.items())


def _data(datasets):
    for role, members in datasets.items():
        images = ", ".join(f"{dataset.name} ({len(dataset)} images)" for dataset in members) or "none"
        yield f"{role}: {images}."


def _table(validation):
    if validation is None:
        return "None: no images were kept back, so nothing is known about how well this predicts."
    rows = [("", *SHOWN), ("---",) * (len(SHOWN) + 1)]
    for title, values in (("raw", validation), ("median-scaled", validation["median_scaled"])):
        rows.append((title, *(f"{values[name]:.3f}" for name in SHOWN)))
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return (f"{table}\n\nMeans over {validation['images']} images; {', '.join(HIGHER_IS_BETTER)}: higher is better. "
            f"These images chose which weights were kept, so new images will do a little worse.")


def _settings(config):
    return "\n".join(f"    {name}: {value}" for name, value in config.facts().items() if value not in (None, [], ""))


def _licences(datasets):
    notes = sorted({dataset.licence for members in datasets.values() for dataset in members})
    return _list({"Code": "Apache-2.0"}) + "\n" + "\n".join(f"- {note}" for note in notes) + \
        "\n\nThe terms of the data may also bind whoever uses weights that were trained on them."


def describe_focal(size: tuple[int, int], focal_px: float) -> str:
    """The focal length for which depth is predicted, with the field of view, in words."""
    height, width = size
    across_deg = np.degrees(2 * np.arctan(width / 2 / focal_px))
    return f"{focal_px:.1f} px at {width}x{height} ({across_deg:.0f} degrees across); other cameras are converted to it"
