"""Starting run_slam.py as a user does, and reading what it leaves behind."""

import json
import os
import subprocess
import sys

import numpy as np

from tests.helpers.paths import ROOT

PROGRAM = ROOT / "run_slam.py"
PATIENCE_S = 120
MESH_CELLS = 20_000
COARSE = "--set", f"mesh.surfels.max_cells={MESH_CELLS}"
"""Makes the mesh of measured depth coarse, and so what is done with it quick."""
SHORT = "--fast", "--no-scene", *COARSE
"""Leaves out what takes seconds after the last frame."""


def run_process(*arguments, program=PROGRAM, environment=None, whole=False, **options):
    """-> subprocess.CompletedProcess with stdout and stderr as text. Fails where it hangs. whole: not SHORT."""
    arguments = (*arguments, *(() if whole else SHORT))
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {})
    return subprocess.run([sys.executable, str(program), *map(str, arguments)], capture_output=True, text=True,
                          timeout=PATIENCE_S, env=environment, **options)


def report_in(folder):
    return json.loads((folder / "report.json").read_text())


def trajectory_in(folder):
    """(N, 8): timestamp, translation, quaternion."""
    return np.loadtxt(folder / "trajectory.txt", ndmin=2).reshape(-1, 8)


def read_surfels(path):
    """map.ply -> structured array, its size checked against its header."""
    header, _, data = path.read_bytes().partition(b"end_header\n")
    kinds = {b"float": "<f4", b"uchar": "u1"}
    words = [line.split() for line in header.splitlines()]
    fields = [(name.decode(), kinds[kind]) for word, kind, name in (w for w in words if w[0] == b"property")]
    count = next(int(w[2]) for w in words if w[:2] == [b"element", b"vertex"])
    surfels = np.frombuffer(data, fields)
    assert len(surfels) == count
    return surfels
