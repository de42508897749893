"""Models fetched from the Hugging Face hub by its own client, which resumes, caches, and knows HF_HOME, HF_TOKEN and
HF_HUB_OFFLINE."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from calib.base.errors import MissingPackageError, NetworkError, one_line

REQUIRED = ("config.json", "preprocessor_config.json", "model*.safetensors")
PATTERNS = [*REQUIRED, "model.safetensors.index.json", "README.md"]
"""Files that are fetched."""
MAX_REASON = 120
"""Characters that a message repeats of what the client says."""


def fetched(model_id: str, revision: str | None, tell: Callable[[str], None]) -> Path:
    """ORG/MODEL and a commit, branch or tag -> folder of its files; from the cache where they are there, unasked.

    So a model stays the same until another revision is asked for. `tell` gets a line before a download. Raises
    NetworkError, MissingPackageError.
    """
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingPackageError("'monofuse[hub]'", f"--depth {model_id}") from error
    with suppress(Exception):  # not, or not all, in the cache; a real problem comes again below
        return _whole(Path(snapshot_download(model_id, revision=revision, allow_patterns=PATTERNS,
                                             local_files_only=True)))
    tell(f"fetching {model_id}")
    try:
        return Path(snapshot_download(model_id, revision=revision, allow_patterns=PATTERNS))
    except Exception as error:  # the client's own types, and those of what it talks through
        raise NetworkError(_reason(model_id, revision, error)) from error


def _whole(folder):
    """The folder of a complete snapshot. Raises FileNotFoundError: an interrupted download leaves some of it."""
    for pattern in REQUIRED:
        if not any(folder.glob(pattern)):
            raise FileNotFoundError(pattern)
    return folder


def _reason(model_id, revision, error):
    kind = type(error).__name__
    place = f"{model_id}@{revision}" if revision else model_id
    if kind == "GatedRepoError":
        return f"{place} is given to those only who accept its licence on its page: do that, then `hf auth login`"
    if kind == "RepositoryNotFoundError":
        return f"there is no model {model_id} on the hub (nor a file or folder of that name)"
    if kind == "RevisionNotFoundError":
        return f"{model_id} has no revision {revision}: give a commit, branch or tag of it"
    cause = "HF_HUB_OFFLINE is set" if os.environ.get("HF_HUB_OFFLINE") else _cause(error)
    return (f"{place} is not in the cache of the hub and cannot be fetched ({cause}): fetch it once where there is a "
            f"network, or give the folder that holds its files")


def _cause(error):
    """Why nothing came, in words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if any(word in type(error).__name__ for word in ("LocalEntryNotFound", "Connect", "Timeout", "Offline", "Proxy")):
        return "the hub cannot be reached"
    return one_line(error, MAX_REASON) or "the hub does not say why"
