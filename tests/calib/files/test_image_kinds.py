"""Images that another library reads than OpenCV, and what is said of those that none does."""

import base64

import numpy as np
import pytest

from calib.files import image_kinds
from calib.files.image_file import UnreadableImage, read_rgb
from calib.files.image_kinds import is_image, kind_of, unread_kind

HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ACJpbG9jAAAAAERAAAEAAQAAAAABoQABAAAAAAAAAJQAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRt"
    "AAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    "AAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5j"
    "bHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBp"
    "eGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAAJxtZGF0AAAAkCgBrwngPg6bnk4QdLDGLT7Bfo0eRr+xOd97XvMQ"
    "QXwUPtKuvdy7Ou25gFzr4jthSUOBtYN6V2HjTxJ5JLvOAxnh9wWXfue6PmkGTaQNFNtB+3hObi9SSsfmBFPtBhDb0+AYAgaTuQ4u"
    "MMZJmPEMN0KdfBe9MuOvZ1eILVyokpJwnoopbq+Ni+YmPsECupwf4A==")
"""64x48: red grows to the right, green downwards, blue is 128."""


def test_heic_is_read_whatever_it_is_called(tmp_path):
    pytest.importorskip("pi_heif")
    y, x = np.mgrid[:48, :64]
    for name in ("IMG_1.HEIC", "renamed.jpg"):
        (tmp_path / name).write_bytes(HEIC)
        rgb = read_rgb(tmp_path / name)
        assert rgb.shape == (48, 64, 3) and rgb.dtype == np.uint8
        assert np.abs(rgb - np.stack([4 * x, 5 * y, 128 + 0 * x], -1).astype(float)).mean() < 4
    (tmp_path / "cut.heic").write_bytes(HEIC[:300])
    with pytest.raises(UnreadableImage, match="cut.heic: not an image, or damaged"):
        read_rgb(tmp_path / "cut.heic")


def test_without_the_package_heic_is_called_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pi_heif", None)
    monkeypatch.setattr(image_kinds, "find_spec", lambda name: None)
    file = tmp_path / "IMG_1.HEIC"
    file.write_bytes(HEIC)
    with pytest.raises(UnreadableImage, match="a HEIC image needs the package pi-heif"):
        read_rgb(file)
    assert not is_image(file) and unread_kind(file) == "HEIC, for which: pip install pi-heif"


@pytest.mark.parametrize("name, says", [
    ("a.exr", "EXR is not read"), ("a.jxl", "JXL is not read"), ("a.txt", ""), ("a.png", ""), (".a.exr", "")])
def test_what_is_not_read_is_named(tmp_path, name, says):
    assert unread_kind(tmp_path / name) == says


@pytest.mark.parametrize("data, kind", [
    (b"\xff\x0a" + bytes(9), "JPEG XL"), (b"\x76\x2f\x31\x01", "OpenEXR"), (HEIC, "HEIC"), (b"GIF89a", "GIF"),
    (b"\0\0\0\x18ftypmp42", "a video"), (b"version https://git-lfs.github.com", "a Git LFS pointer"), (b"", "")])
def test_kinds_by_their_first_bytes(data, kind):
    assert kind_of(data) == kind
