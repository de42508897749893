"""The same frames give the same results, byte for byte, in another process, another environment, another cache."""

from importlib.util import find_spec

import pytest

from tests.helpers.slam_process import run_process

FILES = ("trajectory.txt", "map.ply", "mesh.ply", "mesh.obj", "mesh.png", "mesh.glb", "overview.png",
         "keyframes.zip", *(["scene.html"] if find_spec("viser") else []))


def check_same(finished, folder, environment):
    process, first, arguments = finished
    run = run_process(*arguments, "--output", folder, environment=environment, whole=True)
    assert process.returncode == run.returncode == 0
    for name in FILES:
        assert (first / name).read_bytes() == (folder / name).read_bytes(), name


def test_another_process_gives_the_same_files(finished, tmp_path):
    """With other hashes, and other numbers of threads in the libraries underneath."""
    check_same(finished, tmp_path, {"PYTHONHASHSEED": "12345", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})


@pytest.mark.heavy
def test_freshly_compiled_kernels_give_the_same_files(finished, tmp_path):
    check_same(finished, tmp_path / "out", {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert list((tmp_path / "cache").rglob("*.nbc")), "kernels were compiled and cached there"
