"""The engines themselves, real ones: Ray's processes take half a minute to come up, so most of this is heavy."""

import json
import os
import subprocess
import sys

import pytest

from calib.base.errors import BadInputError, MonofuseError
from monofuse.batch.needs import Needs
from monofuse.batch.ray_engine import RayEngine
from monofuse.batch.slurm_engine import SlurmEngine, parse_slurm
from tests.helpers.batch_tasks import always_die, die_once, finish, made_up_tasks
from tests.helpers.paths import ROOT

SMALL = Needs(memory_gb=0.1)


@pytest.fixture(autouse=True)
def workers_find_the_tests(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RAY_worker_niceness", "0")


def ended(engine, tasks, work):
    with engine:
        return {each.task.name: each.problem for each in engine.results(tasks, work) if each}


def starts(folder):
    return sorted(path.name.partition(".")[0] for path in (folder / "starts").iterdir())


@pytest.mark.heavy
def test_ray_repeats_what_a_killed_worker_left(tmp_path):
    pytest.importorskip("ray")
    tasks = made_up_tasks(tmp_path, 6)
    assert ended(RayEngine(None, 2, SMALL), tasks, die_once) == {f"walk{k}": None for k in range(6)}
    assert starts(tmp_path) == ["walk0"] + [f"walk{k}" for k in range(6)], "walk0 twice, all others once"
    assert all((tmp_path / f"walk{k}" / "report.json").is_file() for k in range(6))


@pytest.mark.heavy
def test_ray_gives_up_on_what_always_dies(tmp_path):
    pytest.importorskip("ray")
    (problem,) = ended(RayEngine(None, 1, SMALL), made_up_tasks(tmp_path, 1), always_die).values()
    assert "its process died, 4 times" in problem and starts(tmp_path) == 4 * ["walk0"]


@pytest.mark.heavy
def test_more_than_any_machine_has_is_refused():
    pytest.importorskip("ray")
    with pytest.raises(BadInputError, match="no machine has that"), RayEngine(None, 1, Needs(memory_gb=1e5)):
        pass


@pytest.mark.heavy
def test_a_cluster_of_two_nodes(tmp_path):
    """Two raylets on this machine; the driver is no part of either."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1)
        engine = RayEngine(cluster.address, None, SMALL)
        with engine:
            assert "2 recordings at a time" in engine.describe()
            found = [each for each in engine.results(made_up_tasks(tmp_path, 4), finish) if each]
        assert [each.problem for each in found] == 4 * [None] and len(starts(tmp_path)) == 4
    finally:
        cluster.shutdown()


@pytest.mark.heavy
def test_submitit_here(tmp_path):
    pytest.importorskip("submitit")
    tasks = made_up_tasks(tmp_path, 2)
    engine = SlurmEngine(parse_slurm("cluster=local,timeout_min=5"), SMALL, tmp_path / ".slurm")
    assert ended(engine, tasks, die_once) == {"walk0": None, "walk1": None}
    assert starts(tmp_path) == ["walk0", "walk0", "walk1"]


@pytest.mark.heavy
def test_whole_runs_on_ray(tmp_path, kernels):
    """Once, killed half-way is another test; the second start does nothing."""
    pytest.importorskip("ray")
    words = [sys.executable, "-m", "monofuse", "batch", "synthetic:seed=1,frames=6,size=160x120",
             "synthetic:seed=2,frames=6,size=160x120", str(tmp_path / "empty.mp4"), "--output", str(tmp_path / "out"),
             "--depth", "sensor", "--workers", "2"]
    (tmp_path / "empty.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    for told in ("3 runs", "3 runs, 2 of them finished already"):
        done = subprocess.run(words, capture_output=True, text=True, timeout=600, cwd=ROOT, env=os.environ)
        assert done.returncode == 1 and "1 of 3 failed, first empty" in done.stderr, done.stderr
        assert told in done.stdout
    report = json.loads((tmp_path / "out" / "synthetic_seed=1,frames=6,size=160x120" / "report.json").read_text())
    assert report["ended"] == "complete" and report["tracked"] == 6


@pytest.mark.parametrize("text", ["partition", "=5"])
def test_slurm_options_have_a_form(text):
    with pytest.raises(BadInputError, match="NAME=VALUE"):
        parse_slurm(text)


class RayThatFails:
    """In place of Ray's package: fails to start a number of times."""

    def __init__(self, failures):
        self.failures, self.started = failures, 0

    def init(self, **options):
        self.started += 1
        if self.started <= self.failures:
            raise Exception("The current node timed out during startup.\nIt could be busy.")  # as Ray does

    def shutdown(self):
        pass

    def nodes(self):
        return [{"Alive": True, "Resources": {"CPU": 2.0, "memory": 2e10}}]


@pytest.mark.parametrize("failures, address, says", [
    (2, None, None), (3, None, "Ray does not start: The current node timed out during startup. It could be busy."),
    (1, "host:6379", "no Ray cluster at host:6379")])
def test_a_busy_machine_is_given_time_and_a_wrong_address_none(monkeypatch, failures, address, says):
    ray = RayThatFails(failures)
    monkeypatch.setitem(sys.modules, "ray", ray)
    engine = RayEngine(address, None, SMALL)
    if says is None:
        with engine:
            assert ray.started == 3
    else:
        with pytest.raises(MonofuseError, match=says), engine:
            pass
