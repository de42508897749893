"""What a model's folder must hold, and how models are fetched."""

import json
import sys
from types import SimpleNamespace

import pytest

from calib.base.errors import MissingPackageError, NetworkError
from depth.hub.model_files import find_model

FILES = {"config.json": "{}", "preprocessor_config.json": "{}", "model.safetensors": "weights"}


def write(folder, **more):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **more}.items():
        if text is not None:
            (folder / name).write_text(text)
    return folder


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A client whose cache is empty, and which downloads to a folder: what it was asked, and what else it does."""
    client = SimpleNamespace(asked=[], error=None, cached=None, folder=write(tmp_path / "snapshot"))

    def snapshot_download(model_id, revision=None, allow_patterns=None, local_files_only=False):
        if local_files_only:
            if client.cached is None:
                raise FileNotFoundError(model_id)
            return str(client.cached)
        client.asked.append((model_id, revision))
        if client.error:
            raise client.error
        return str(client.folder)
    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=snapshot_download))
    return client


@pytest.mark.parametrize("lacks, says", [
    ({"config.json": None}, "config.json: No such file"), ({"config.json": "{"}, "config.json is not JSON"),
    ({"preprocessor_config.json": "[1]"}, "holds no names and values"),
    ({"model.safetensors": None}, "no weights in model.safetensors")])
def test_a_folder_that_lacks_something(tmp_path, lacks, says):
    with pytest.raises(NetworkError, match=says):
        find_model(str(write(tmp_path / "model", **lacks)), print)


def test_the_digest_is_of_all_that_decides(tmp_path):
    first = find_model(str(write(tmp_path / "a")), print).digest()
    assert find_model(str(write(tmp_path / "b", **{"README.md": "about"})), print).digest() == first
    for name in FILES:
        other = find_model(str(write(tmp_path / name, **{name: json.dumps({"changed": 1})})), print).digest()
        assert other != first, name


@pytest.mark.parametrize("text", ["network.onnx", "nets/network.onnx", "a/b.pth", "mobile", "/no/such/folder", "a/b/c"])
def test_what_is_no_model_of_the_hub(text, hub):
    assert find_model(text, print) is None and not hub.asked


@pytest.mark.parametrize("text, asked", [
    ("org/model", ("org/model", None)), ("org/model@v1.0", ("org/model", "v1.0")),
    ("da-v2-small", ("depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf", None)),
    ("depth-pro@abc123", ("apple/DepthPro-hf", "abc123"))])
def test_it_is_fetched(text, asked, hub):
    said = []
    model = find_model(text, said.append)
    assert hub.asked == [asked] and said == [f"fetching {asked[0]}"]
    assert model.folder == hub.folder and model.name == text.split("@")[0]
    assert (model.known is None) == text.startswith("org/")


def test_what_is_in_the_cache_is_not_fetched_again(tmp_path, hub):
    hub.cached = write(tmp_path / "cached")
    assert find_model("org/model", print).folder == hub.cached and not hub.asked
    (hub.cached / "model.safetensors").unlink()  # a download that was interrupted
    assert find_model("org/model", print).folder == hub.folder and hub.asked


@pytest.mark.parametrize("kind, says", [
    ("GatedRepoError", "accept its licence"), ("RepositoryNotFoundError", "no model org/model on the hub"),
    ("RevisionNotFoundError", "no revision v2"), ("ConnectError", r"\(the hub cannot be reached\)"),
    ("LocalEntryNotFoundError", r"\(the hub cannot be reached\)"), ("OddError", r"\(a page of details\)")])
def test_what_is_said_when_it_cannot_be_fetched(kind, says, hub, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    hub.error = type(kind, (Exception,), {})("a page of\ndetails")
    with pytest.raises(NetworkError, match=says) as caught:
        find_model("org/model@v2", print)
    assert "\n" not in str(caught.value) and kind not in str(caught.value)


def test_without_its_client_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'monofuse\[hub\]'"):
        find_model("org/model", print)
