"""`python -m depth`: list, import, and what is said when something is wrong."""

import re
import subprocess
import sys

import numpy as np
import pytest

from depth.__main__ import COMMANDS, main
from depth.hub.known_models import KNOWN_MODELS
from depth.networks.registry import NETWORKS
from depth.runtimes.default_network import SHIPPED
from tests.helpers.paths import ROOT


def test_list_has_a_line_for_every_network(capsys):
    pytest.importorskip("torch")
    assert main(["list"]) == 0
    shipped, lines, hub_lines, note = (part.splitlines() for part in capsys.readouterr().out.split("\n\n"))
    assert [line.split()[0] for line in shipped] == ["ships", *SHIPPED]
    assert "(for research)" in shipped[1] and "(any use)" in shipped[2]
    head, *lines = lines
    assert head.split() == ["name", "paper", "input", "output", "predicts", "parameters"]
    assert [line.split()[0] for line in lines] == list(NETWORKS)
    assert lines[list(NETWORKS).index("laina_resnet_upproj")].split() == [
        "laina_resnet_upproj", "Laina", "2016", "304x228", "160x128", "depth", "63,563,009"]
    assert len({len(line) for line in lines}) == 1, "columns end where they should"
    assert [line.split()[0] for line in hub_lines] == ["name", *KNOWN_MODELS]
    assert hub_lines[1].split()[1] == "depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf"
    assert "apache-2.0  " in hub_lines[1] and "cc-by-nc-4.0 (not commercial)" in hub_lines[2]
    assert "--depth ORG/MODEL" in note[0]


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    shown = capsys.readouterr().out
    assert caught.value.code == 0 and all(re.search(rf"\n    {name}\s", shown) for name in COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["paint"], ["list", "--fast"], ["import", "one.npy"]])
def test_wrong_arguments_are_one_line(arguments, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("depth: ") and shown.count("\n") == 1 and "--help" in shown


def test_a_file_that_cannot_be_imported_is_one_line(tmp_path, capsys):
    pytest.importorskip("torch")
    np.save(tmp_path / "a.npy", {"conv1": {"weights": np.zeros((7, 7, 3, 64))}})
    assert main(["import", str(tmp_path / "a.npy"), str(tmp_path / "b.pth")]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("depth: the weights in ") and shown.count("\n") == 1 and "missing: ConvPred/biases" in shown
    assert not (tmp_path / "b.pth").exists()


def test_list_needs_no_torch():
    script = "import sys; sys.modules['torch'] = None; from depth.__main__ import main; sys.exit(main(['list']))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == ""
    assert "(torch counts)" in done.stdout and "da-v2-small" in done.stdout
