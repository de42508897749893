"""What takes seconds to make is made once: a furnished room, a recording of a walk through it, a run."""

import functools
import shutil
import signal

import pytest

from calib.base.kernel_cache import is_compiled
from monofuse.warm_up import warm_up
from sequences.sequence import SourceOptions
from sequences.synthetic import sequence as synthetic
from sequences.synthetic.room_cache import cached_room
from slam.config import SlamConfig
from tests.helpers.once import once
from tests.helpers.paths import ROOT
from tests.helpers.slam_process import COARSE, run_process
from tests.helpers.walk_recording import FRAMES, SIZE, write_walk

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so shells start what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionstart(session):
    """Compile in one place: otherwise each of xdist's workers would compile everything."""
    if not hasattr(session.config, "workerinput") and not is_compiled(ROOT / "slam" / "kernels"):
        warm_up(SlamConfig.for_network())


@pytest.fixture(autouse=True)
def no_gpu(request, monkeypatch):
    """`auto` asks the same of every machine; only tests marked gpu see the one that is there."""
    if not request.node.get_closest_marker("gpu"):
        monkeypatch.setattr("depth.runtimes.catalogue.find_gpu", lambda: None)


@pytest.fixture(autouse=True)
def one_core(monkeypatch):
    """The tests run in two processes: threads of torch that wait for each other's core would burn it."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)


@functools.cache
def loaded(config):
    """Have the kernels of this configuration loaded into this process, once."""
    warm_up(config)


@pytest.fixture(autouse=True)
def kernels_loaded_once(monkeypatch):
    """Runs within this process find them loaded; those in processes of their own prepare themselves."""
    monkeypatch.setattr("monofuse.run.prepare", lambda config, screen: loaded(config))


@pytest.fixture(scope="session")
def room():
    """The synthetic room with seed 7."""
    return cached_room(7)


@pytest.fixture(scope="session")
def walk(tmp_path_factory):
    """Frames with exact depth, and their camera. Not to be changed."""
    def make(folder):
        options = SourceOptions(depth_every=1, max_frames=FRAMES)
        sequence = synthetic.SyntheticSequence(f"7,frames=160,size={SIZE[0]}x{SIZE[1]}", options)
        return list(sequence), sequence.camera
    return once(tmp_path_factory, "walk", make)


@pytest.fixture(scope="session")
def pristine_recording(walk, tmp_path_factory):
    """The walk on disk. Not to be changed."""
    return once(tmp_path_factory, "recording", lambda folder: write_walk(folder / "walk", *walk))


@pytest.fixture
def recording(pristine_recording, tmp_path):
    """A copy of the recording, to be damaged."""
    return shutil.copytree(pristine_recording, tmp_path / "walk")


@pytest.fixture(scope="session")
def kernels(walk):
    """See to it that all kernels are compiled and cached, so that processes start in seconds."""
    warm_up(SlamConfig.for_sensor())


@pytest.fixture(scope="session")
def finished(kernels, pristine_recording, tmp_path_factory):
    """(process, folder, arguments) of a run with an option of each kind, in a pipe."""
    arguments = [pristine_recording, "--depth", "sensor", "--calibration", pristine_recording / "calibration.yaml",
                 "--max-frames", "18", "--max-surfels", "8000", "--mesh", "obj", "--mesh", "glb", "--mesh", "obj",
                 "--runtime", "auto", "--device", "cpu", "--seed", "3", *COARSE]

    def make(folder):
        results = folder / "new" / "results"
        return run_process(*arguments, "--output", results, whole=True), results, arguments
    return once(tmp_path_factory, "finished", make)
