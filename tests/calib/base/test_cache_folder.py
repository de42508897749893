"""The cache of compiled code is its owner's alone."""

import os
import stat

import pytest

from calib.base import cache_folder as module
from calib.base.cache_folder import cache_folder

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no owners of this kind")


def mode_of(folder):
    return stat.S_IMODE(folder.stat().st_mode)


def test_only_the_owner_may_look_inside(tmp_path):
    before = os.umask(0)
    try:
        folder = cache_folder("kernels", tmp_path / "new")
    finally:
        os.umask(before)
    assert folder == tmp_path / "new" / "monofuse" / "kernels"
    assert mode_of(folder) == mode_of(folder.parent) == 0o700


def test_a_folder_that_was_open_to_others_is_closed(tmp_path):
    (tmp_path / "monofuse" / "kernels").mkdir(parents=True)
    for folder in (tmp_path / "monofuse", tmp_path / "monofuse" / "kernels"):
        folder.chmod(0o777)
    folder = cache_folder("kernels", tmp_path)
    assert mode_of(folder) == mode_of(folder.parent) == 0o700


@pytest.mark.parametrize("foreign", ["monofuse", "monofuse/kernels"])
def test_the_folder_of_another_user_is_not_used_and_one_line_says_so(tmp_path, monkeypatch, caplog, foreign):
    cache_folder("kernels", tmp_path)
    if os.geteuid() == 0:
        os.chown(tmp_path / foreign, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    module._say.cache_clear()
    assert cache_folder("kernels", tmp_path) is None and cache_folder("kernels", tmp_path) is None
    line, = caplog.messages
    assert "belongs to another user" in line and "XDG_CACHE_HOME" in line
