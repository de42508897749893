"""The datasets that a TrainingConfig names."""

from pathlib import Path

from calib.base.errors import BadInputError
from depth.data.catalogue import open_dataset
from depth.data.sample import DepthDataset
from depth.training.config import TrainingConfig


def open_datasets(config: TrainingConfig) -> tuple[list[DepthDataset], list[DepthDataset]]:
    """Datasets to train on, and datasets to validate on. Raises BadInputError."""
    if not config.data:
        raise BadInputError("--data is needed: images to train on")
    training = [open_dataset(location, config.split) for location in config.data]
    if config.val_data:
        return training, [open_dataset(location) for location in config.val_data]
    if config.split != "train":
        return training, []
    return training, [dataset for location in dict.fromkeys(config.data)
                      if (dataset := validation_part(location))]


def validation_part(location: str | Path) -> DepthDataset | None:
    """The validation images of a dataset that has train images; None where it is too small to have any."""
    try:
        return open_dataset(location, "val")
    except BadInputError:
        return None
