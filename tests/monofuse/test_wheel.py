"""The wheel holds everything that the program needs, and what is installed from it runs outside this clone."""

import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser

import pytest

from depth.runtimes.default_network import SHIPPED
from tests.helpers.paths import ROOT
from tests.helpers.slam_process import PATIENCE_S, report_in

pytest.importorskip("setuptools")
PACKAGES = ("calib", "depth", "monofuse", "sequences", "slam")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Path of the wheel, built from a copy, since building leaves files in the sources."""
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run([*PIP, "wheel", str(source), "--no-deps", "--no-build-isolation", "--no-index", "-w", str(source)],
                   check=True, timeout=PATIENCE_S)
    (wheel,) = source.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Starts a command with what is installed from the wheel, in an empty folder -> CompletedProcess"""
    place = tmp_path_factory.mktemp("installed")
    subprocess.run([*PIP, "install", str(wheel), "--no-deps", "--no-index", "--target", str(place)], check=True,
                   timeout=PATIENCE_S)

    def start(*command, patience_s=PATIENCE_S):
        command = [str(place / word) if word.startswith("bin/") else word for word in command]
        return subprocess.run(command, capture_output=True, text=True, timeout=patience_s, cwd=place.parent,
                              env=os.environ | {"PYTHONPATH": str(place)})

    start.place = place
    return start


def test_the_wheel_holds_all_modules_and_the_network(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {str(path.relative_to(ROOT)) for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    assert names == wanted | {f"depth/weights/{name}.{suffix}" for name in SHIPPED for suffix in ("onnx", "yaml", "md")}


def test_the_wheel_describes_itself(wheel):
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (archive.read(name).decode() for name in archive.namelist() if name.endswith("METADATA"))
    fields = Parser().parsestr(metadata)
    assert fields["Description-Content-Type"] == "text/markdown" and "# monofuse" in fields.get_payload()
    assert fields["License-Expression"] == "Apache-2.0" and fields["Keywords"] and fields["Author"]
    assert fields.get_all("Classifier") and "https://" in fields["Project-URL"]
    assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())


def test_the_installed_program_is_not_the_one_of_this_clone(installed):
    files = "; ".join(f"import {name}; print({name}.__file__)" for name in PACKAGES)
    done = installed(sys.executable, "-c", files)
    assert done.stdout.split() == [str(installed.place / name / "__init__.py") for name in PACKAGES], done.stderr
    done = installed("bin/monofuse", "--version")
    assert (done.returncode, done.stdout.split()[0], done.stderr) == (0, "monofuse", "")
    done = installed("bin/monofuse", "eval")
    assert done.returncode == 2 and done.stderr.startswith("monofuse eval: ") and done.stderr.count("\n") == 1


def test_the_installed_network_is_found_and_runs(installed):
    done = installed(sys.executable, "-c", "from depth.runtimes.catalogue import open_estimator\n"
                     "from depth.runtimes.default_network import weights_of\n"
                     "print(open_estimator(weights_of('mobile'), runtime='onnx').note)")
    assert (done.returncode, done.stdout) == (0, "run by onnx\n"), done.stderr


@pytest.mark.heavy
def test_the_installed_program_reconstructs(installed):
    """With results below the folder where it is started. It compiles its kernels first."""
    done = installed("bin/monofuse", "run", "synthetic:frames=6,size=160x120", patience_s=10 * PATIENCE_S)
    assert done.returncode == 0, done.stderr
    results = installed.place.parent / "results" / "synthetic-0"
    assert {"trajectory.txt", "map.ply", "mesh.ply", "report.json"} <= {file.name for file in results.iterdir()}
    assert report_in(results)["tracked"] == 6
