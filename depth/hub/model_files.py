"""The files of a model as the hub delivers them, in a folder: configuration, preprocessing, weights, card."""

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from calib.base.errors import NetworkError, SourceError
from calib.files.bounded_file import bytes_of
from calib.files.json_text import json_of
from calib.files.yaml_text import yaml_of
from depth.hub.fetching import fetched
from depth.hub.known_models import KNOWN_MODELS, KnownModel, known_by_id
from depth.runtimes.catalogue import RUNTIMES

CONFIGURATION, PREPROCESSING, CARD = "config.json", "preprocessor_config.json", "README.md"
MAX_BYTES, MAX_LICENCE = 4 << 20, 200
"""Of the small files of a model, and characters of its licence."""
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")


class ModelFiles(NamedTuple):
    """A model in a folder."""

    name: str
    """As the user typed it, or the folder's name."""
    folder: Path
    known: KnownModel | None
    """What is known of it, where it is one of KNOWN_MODELS."""

    @property
    def weights(self) -> list[Path]:
        """Files of weights; none but safetensors are loaded, which hold no code."""
        return sorted(self.folder.glob("model*.safetensors"))

    def json(self, name: str) -> dict[str, Any]:
        """The content of one of its JSON files. Raises NetworkError."""
        path = self.folder / name
        try:
            content = json_of(bytes_of(path, MAX_BYTES, "a model's description"))
        except SourceError as error:
            raise NetworkError(str(error)) from None
        except OSError as error:
            raise NetworkError(f"{path}: {error.strerror}; a model's folder holds {CONFIGURATION}, {PREPROCESSING} and "
                               f"model.safetensors") from None
        except ValueError as error:
            raise NetworkError(f"{path} is not JSON: {error}") from None
        if not isinstance(content, dict):
            raise NetworkError(f"{path} holds no names and values")
        return content

    def digest(self) -> str:
        """SHA-256 of all that decides what the model predicts."""
        total = hashlib.sha256()
        for path in (self.folder / CONFIGURATION, self.folder / PREPROCESSING, *self.weights):
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        return total.hexdigest()

    def licence(self) -> str | None:
        """The licence that its card names."""
        card = self.folder / CARD
        try:
            text = bytes_of(card, MAX_BYTES, "a card").decode(errors="replace") if card.is_file() else ""
            parts = text.split("---", 2)
            facts = yaml_of(parts[1]) if len(parts) == 3 and not parts[0].strip() else None
        except (SourceError, OSError, ValueError):
            facts = None
        stated = facts.get("license_name") or facts.get("license") if isinstance(facts, dict) else None
        return str(stated)[:MAX_LICENCE] if stated else self.known and self.known.licence


def find_model(text: str, tell: Callable[[str], None]) -> ModelFiles | None:
    """What the user typed after --depth -> the model's files, fetched where they are not here; None where it names none
    of the hub's kind.

    A short name or ORG/MODEL, each with @REVISION or without, or a folder. `tell` gets a line before a download. Raises
    NetworkError, MissingPackageError.
    """
    path = Path(os.path.expanduser(text))
    if path.is_dir():
        return checked(ModelFiles(path.resolve().name, path, None))
    name, _, revision = text.partition("@")
    model_id = KNOWN_MODELS[name].id if name in KNOWN_MODELS else name
    is_file = path.is_file() or path.suffix.lower() in {end for each in RUNTIMES.values() for end in each.suffixes}
    if is_file or not HUB_ID.fullmatch(model_id):
        return None
    return checked(ModelFiles(name, fetched(model_id, revision or None, tell), known_by_id(model_id)))


def checked(model: ModelFiles) -> ModelFiles:
    """The same. Raises NetworkError where a file lacks."""
    for name in (CONFIGURATION, PREPROCESSING):
        model.json(name)
    if not model.weights:
        raise NetworkError(f"{model.folder} has no weights in model.safetensors, and others are not loaded because "
                           f"they may hold code")
    return model
