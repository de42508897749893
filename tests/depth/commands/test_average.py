"""`python -m depth average`: means worked out by hand."""

import pytest

from depth.__main__ import main

torch = pytest.importorskip("torch")

from depth.networks import registry
from depth.networks.weights.checkpoint import read_tensors, save_network
from depth.runtimes.network_spec import stored_spec


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files of `mobile` with random weights: a.safetensors and b.safetensors."""
    folder = tmp_path_factory.mktemp("weights")
    for seed, name in enumerate("ab"):
        torch.manual_seed(seed)
        save_network(folder / f"{name}.safetensors", "mobile", registry.find("mobile").build())
        (folder / f"{name}.yaml").write_text("size: [96, 128]\nfocal_px: [101, 102]\n")
    return folder


def test_a_mean_with_shares(files, tmp_path, capsys):
    output = tmp_path / "mean.safetensors"
    assert main(["average", f"{files}/a.safetensors*3", f"{files}/b.safetensors", "--output", str(output)]) == 0
    assert "75.0% of" in capsys.readouterr().out
    (a, _), (b, _), (mean, facts) = (read_tensors(path) for path in (files / "a.safetensors", files / "b.safetensors",
                                                                     output))
    for name, tensor in mean.items():
        expected = 0.75 * a[name] + 0.25 * b[name] if tensor.is_floating_point() else a[name]
        assert torch.allclose(tensor, expected, rtol=1e-5, atol=1e-6), name
    spec = stored_spec(output, {}, registry.find("mobile"), facts)
    assert spec.size == (96, 128) and spec.focal_px == (101, 102)


@pytest.mark.parametrize("words, says", [(["a.safetensors*-1"], "a share is a number above 0"),
                                         (["a.safetensors*x"], "a share is a number above 0"),
                                         (["a.safetensors", "nowhere.pth"], "nowhere.pth"),
                                         (["a.safetensors", "tiny.safetensors"], "weights of one network"),
                                         (["a.safetensors", "cm.safetensors"], "one has scale 1.0, the other 0.01")])
def test_bad_input_is_one_line(files, tmp_path, capsys, monkeypatch, words, says):
    from tests.helpers.tiny_networks import ENTRIES
    monkeypatch.setitem(registry.NETWORKS, ENTRIES[0].name, ENTRIES[0])
    save_network(files / "tiny.safetensors", ENTRIES[0].name, ENTRIES[0].build())
    (files / "cm.safetensors").write_bytes((files / "b.safetensors").read_bytes())
    (files / "cm.yaml").write_text("size: [96, 128]\nfocal_px: [101, 102]\nscale: 0.01\n")
    assert main(["average", *(f"{files}/{word}" for word in words), "--output", str(tmp_path / "x.safetensors")]) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1
