"""The safetensors format, and files that are damaged."""

import json

import pytest

torch = pytest.importorskip("torch")

from calib.base.errors import NetworkError
from depth.networks.weights.safetensors_file import read_safetensors, write_safetensors

TENSORS = {"weight": torch.arange(6.0).reshape(2, 3), "half": torch.tensor([1.5, -2]).half(),
           "brain": torch.tensor([[3.0]]).bfloat16(), "count": torch.tensor(7), "none": torch.empty(0, 4),
           "mask": torch.tensor([True, False, True]), "turned": torch.arange(6.0).reshape(2, 3).T}


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "net.safetensors"
    write_safetensors(path, TENSORS, {"network": "mobile"})
    tensors, facts = read_safetensors(path)
    assert facts == {"network": "mobile"} and tensors.keys() == TENSORS.keys()
    assert all(tensors[name].dtype == t.dtype and torch.equal(tensors[name], t) for name, t in TENSORS.items())


def test_the_layout_is_the_published_one(tmp_path):
    """Length, header padded with spaces to a multiple of 8, little-endian data without gaps."""
    path = tmp_path / "net.safetensors"
    write_safetensors(path, {"a": torch.tensor([1.0, 2]), "b": torch.tensor([3], dtype=torch.int16)}, {"k": "v"})
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    assert length % 8 == 0
    assert json.loads(content[8:8 + length]) == {
        "__metadata__": {"k": "v"}, "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "b": {"dtype": "I16", "shape": [1], "data_offsets": [8, 10]}}
    assert content[8 + length:] == bytes.fromhex("0000803f 00000040 0300")


@pytest.mark.parametrize("damage", [
    lambda whole: b"", lambda whole: whole[:40], lambda whole: whole[:-1], lambda whole: b"\xff" * 8 + whole[8:],
    lambda whole: whole.replace(b'"F32"', b'"F33"'), lambda whole: whole.replace(b'"shape"', b'"shade"'),
    lambda whole: whole.replace(b"[2, 3]", b"[2, 4]"), lambda whole: whole.replace(b"[2, 3]", b"[2,-3]"),
    lambda whole: (2).to_bytes(8, "little") + b"[]", lambda whole: b"PK\x03\x04 not this format at all"])
def test_damaged_files_are_one_line(tmp_path, damage):
    path = tmp_path / "net.safetensors"
    write_safetensors(path, {"weight": TENSORS["weight"]}, {})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(NetworkError, match="no safetensors file, or not all of one") as caught:
        read_safetensors(path)
    assert "\n" not in str(caught.value)


def test_the_official_package_reads_and_writes_the_same(tmp_path):
    official = pytest.importorskip("safetensors.torch")
    write_safetensors(tmp_path / "ours.safetensors", TENSORS, {"network": "mobile"})
    packed = {name: tensor.contiguous() for name, tensor in TENSORS.items()}
    official.save_file(packed, tmp_path / "theirs.safetensors", {"network": "mobile"})
    theirs_of_ours = official.load_file(tmp_path / "ours.safetensors")
    ours_of_theirs, facts = read_safetensors(tmp_path / "theirs.safetensors")
    assert facts["network"] == "mobile" and theirs_of_ours.keys() == ours_of_theirs.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert torch.equal(theirs_of_ours[name], tensor) and torch.equal(ours_of_theirs[name], tensor)
