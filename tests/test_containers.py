"""The images' steps: what they copy and install is there; the heavy test carries them out in a fresh venv."""

import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

from tests.helpers.paths import ROOT
from tests.helpers.slam_process import report_in

FILES = ("Dockerfile", "ros2/Dockerfile")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = set(PYPROJECT["project"]["optional-dependencies"])
PINS = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)


def steps(name):
    """[(instruction, its words as one text)] without remarks; arguments that are given a value are filled in."""
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
    found = [tuple(line.split(maxsplit=1)) for line in lines]
    arguments = dict(words.split("=", 1) for instruction, words in found if instruction == "ARG")
    return [(instruction, re.sub(r"\$([A-Z_]+)", lambda match: arguments.get(match[1], match[0]).strip('"'), words))
            for instruction, words in found]


@pytest.mark.parametrize("name", FILES)
def test_what_is_copied_is_there_and_nothing_is_left_out(name):
    copies = [words.split() for instruction, words in steps(name) if instruction == "COPY" and "--from" not in words]
    sources = [source for words in copies for source in words[:-1]]
    assert not [source for source in sources if not (ROOT / source).exists()]
    packages = {each.rstrip("*") for each in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert packages <= set(sources) and {"pyproject.toml", "constraints.txt", "README.md", "LICENSE"} <= set(sources)
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert not packages & set(ignored)


@pytest.mark.parametrize("name", FILES)
def test_what_is_installed_is_pinned(name):
    installed = [words for instruction, words in steps(name) if instruction == "RUN" and "pip install" in words]
    assert installed and all("-c /source/constraints.txt" in words for words in installed)
    for extras in re.findall(r"/source\[([\w,-]+)\]", " ".join(installed)):
        assert set(extras.split(",")) <= EXTRAS
    for package, version in re.findall(r'"(\w+)==([\d.]+)(?:\+cpu)?"', " ".join(installed)):
        assert PINS[package] == version


@pytest.mark.parametrize("name", FILES)
def test_system_libraries_are_those_of_the_setup(name):
    line = re.search(r'^LIBRARIES="(.*?)"', (ROOT / "setup.sh").read_text(), re.M)
    wanted = set(re.findall(r"\S+:(\S+)", line.group(1)))
    (apt,) = [words for instruction, words in steps(name) if "apt-get install" in words]
    assert wanted <= set(apt.split())


def test_the_compose_file_builds_both_images():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    given = services["gpu"]["build"]["args"]
    assert services["cpu"]["build"] == "." and given["TORCH"] == f"torch=={PINS['torch']}"
    assert set(given["EXTRAS"].split(",")) <= EXTRAS and set(given) <= {
        words.split("=")[0] for instruction, words in steps("Dockerfile") if instruction == "ARG"}
    assert all(f"--build-arg {name}={value}" in (ROOT / "Dockerfile").read_text() for name, value in given.items())
    assert given["TORCH_INDEX"] == "", "where +cpu is, pip takes it for torch==2.13.0, too"
    assert all("--viewer" in service["command"] and service["network_mode"] == "host" for service in services.values())


@pytest.mark.heavy
def test_the_steps_of_the_cpu_image_in_a_fresh_venv(tmp_path):
    """As the build stage does, with this Python; torch is left out, since its CPU build is nowhere on PyPI."""
    source, place = tmp_path / "source", tmp_path / "opt"
    for instruction, words in steps("Dockerfile"):
        if instruction == "COPY" and "--from" not in words:
            *files, target = words.split()
            for file in files:
                path = tmp_path / target.lstrip("/") / ("" if target.endswith("/") else ".")
                path = path.resolve()
                if (ROOT / file).is_dir():
                    shutil.copytree(ROOT / file, path, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    path.mkdir(parents=True, exist_ok=True)
                    shutil.copy(ROOT / file, path)
        elif instruction == "RUN" and "/opt/monofuse" in words:
            words = words.replace("/opt/monofuse", str(place)).replace("/source", str(source))
            words = words.replace("/cache", f"{tmp_path}/cache")
            words = re.sub(r' --extra-index-url \S+| "torch==\S+"| torch,| && find torch/bin.*?-delete', "", words)
            words = re.sub(r"^python ", f"{sys.executable} ", words)
            subprocess.run(words, shell=True, check=True, timeout=1800)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([place / "bin" / "monofuse", "run", "synthetic:frames=6,size=160x120", "--output", "out",
                           "--depth", "sensor"], cwd=tmp_path, env=environment, capture_output=True, text=True,
                          timeout=1800)
    assert done.returncode == 0, done.stderr
    assert report_in(tmp_path / "out")["tracked"] == 6
    size_mb = sum(file.stat().st_size for file in place.rglob("*") if file.is_file()) / 1e6
    assert size_mb < 1100, "with torch's CPU build and Python's image it has to stay below 1.5 GB packed"
