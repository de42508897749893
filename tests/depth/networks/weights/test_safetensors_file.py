"""The safetensors format, and files that are damaged."""

import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from calib.base.errors import MissingPackageError, NetworkError
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


def test_a_file_byte_by_byte(tmp_path):
    """Length, header, little-endian data without gaps: as it is published, and as older versions of ours wrote it."""
    path = tmp_path / "net.safetensors"
    header = (b'{"__metadata__": {"k": "v"}, "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, '
              b'"b": {"dtype": "I16", "shape": [1], "data_offsets": [8, 10]}}')
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes.fromhex("0000803f 00000040 0300"))
    tensors, facts = read_safetensors(path)
    assert (tensors["a"].tolist(), tensors["b"].tolist(), facts) == ([1, 2], [3], {"k": "v"})
    assert tensors["b"].dtype == torch.int16


def test_a_file_may_change_once_it_is_read(tmp_path):
    path = tmp_path / "net.safetensors"
    write_safetensors(path, TENSORS, {})
    tensors, _ = read_safetensors(path)
    path.write_bytes(b"")
    assert torch.equal(tensors["weight"], TENSORS["weight"])


@pytest.mark.parametrize("damage", [
    lambda whole: b"", lambda whole: whole[:40], lambda whole: whole[:-1], lambda whole: b"\xff" * 8 + whole[8:],
    lambda whole: whole.replace(b'"F32"', b'"F33"'), lambda whole: whole.replace(b'"shape"', b'"shade"'),
    lambda whole: whole.replace(b"[2,3]", b"[2,4]"), lambda whole: whole.replace(b"[2,3]", b"[2,-]"),
    lambda whole: (1 << 40).to_bytes(8, "little") + whole[8:],
    lambda whole: (2).to_bytes(8, "little") + b"[]", lambda whole: b"PK\x03\x04 not this format at all"])
def test_damaged_files_are_one_line(tmp_path, damage):
    path = tmp_path / "net.safetensors"
    write_safetensors(path, {"weight": TENSORS["weight"]}, {})
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert path.read_bytes() != whole
    with pytest.raises(NetworkError, match="no safetensors file, or not all of one") as caught:
        read_safetensors(path)
    assert "\n" not in str(caught.value)


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(MissingPackageError, match="pip install safetensors"):
        read_safetensors(tmp_path / "net.safetensors")
