"""What a command refuses to write, before it does anything else."""

import pytest

from depth.__main__ import main

WEIGHTS = "the file to write ends in .safetensors or .pth or .pt"
COMMANDS = [(["export", "--weights", "FILE", "--output"], "the file to write ends in .onnx"),
            (["average", "FILE", "--output"], WEIGHTS), (["import", "FILE"], WEIGHTS),
            (["calibrate-error", "--data", "nowhere", "--weights", "FILE", "--output"], WEIGHTS)]


@pytest.mark.parametrize("words, says", COMMANDS)
def test_endings_that_nothing_reads(words, says, tmp_path, capsys):
    assert main([*words, str(tmp_path / "net.txt")]) == 2
    assert says in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("words, says", COMMANDS)
def test_the_network_itself_stays(words, says, tmp_path, capsys):
    path = tmp_path / ("net" + says.split()[6])
    path.write_bytes(b"weights")
    assert main([*[str(path) if word == "FILE" else word for word in words], str(path)]) == 2
    assert "would replace the network that it is made of" in capsys.readouterr().err
    assert path.read_bytes() == b"weights"


@pytest.mark.parametrize("words, says", COMMANDS)
def test_places_that_cannot_be_written(words, says, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main([*words, str(tmp_path / "file" / ("net" + says.split()[6]))]) == 2
    assert "there is a file in the place of the folder" in capsys.readouterr().err
