"""How a network wants its images: from the file beside it, from options, from the names of its tensors."""

import pytest

from calib.base.errors import NetworkError
from depth.runtimes.network_spec import IMAGENET_MEAN, IMAGENET_STD, NetworkSpec, read_spec


@pytest.fixture
def network(tmp_path):
    return tmp_path / "net.v2.onnx"


def spec(network, beside=None, input_name="rgb", output_names=("depth",), **options):
    if beside is not None:
        network.with_suffix(".yaml").write_text(beside)
    return read_spec(network, options, input_name, output_names)


def refusal(network, beside=None, **options):
    with pytest.raises(NetworkError) as caught:
        spec(network, beside, **options)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2
    return str(caught.value)


def test_without_any_word_it_is_rgb_to_metres(network):
    assert spec(network) == NetworkSpec()


@pytest.mark.parametrize("input_name, output_name, expected", [
    ("rgb_imagenet_norm", "depth_cm", NetworkSpec(mean=IMAGENET_MEAN, std=IMAGENET_STD, scale=0.01)),
    ("rgb", "depth_mm:0", NetworkSpec(scale=0.001)),
    ("image", "inverse_depth", NetworkSpec(output="inverse_depth")),
    ("image", "Disparity", NetworkSpec(output="inverse_depth")),
    ("image", "log_depth", NetworkSpec(output="log_depth")),
    ("image", "logits", NetworkSpec()),
    ("image", "commands_dispatch", NetworkSpec()),
    ("input.1", "1873", NetworkSpec())])
def test_names_of_tensors_tell(network, input_name, output_name, expected):
    assert spec(network, None, input_name, [output_name]) == expected


def test_the_second_output_may_be_the_error(network):
    assert spec(network, output_names=["log_depth", "log_error"]) == NetworkSpec(output="log_depth", error="log_error")
    assert spec(network, output_names=["log_error", "log_depth"]).error == "none"
    assert spec(network, output_names=["depth", "error"]) == spec(network, output_names=["a", "b", "log_error"])
    assert spec(network, "error: log_error", output_names=["a", "b"]).predicts_error
    assert not spec(network, output_names=["log_depth", "log_error"], error="none").predicts_error


def test_the_file_beside_it(network):
    beside = """
layout: nhwc
channels: bgr
range: 255
mean: [123.7, 116.3, 103.5]
std: 58
output: inverse_depth
error: log_error
scale: 1e-2   # YAML takes this one for text
focal_px: [250, 251.5]
size: [192, 256]
multiple: 32
"""
    read = spec(network, beside)
    assert read == NetworkSpec("nhwc", "bgr", 255.0, (123.7, 116.3, 103.5), (58.0, 58.0, 58.0), "inverse_depth",
                               "log_error", 0.01, (250.0, 251.5), (192, 256), 32)
    assert all(isinstance(side, int) for side in (*read.size, read.multiple))


def test_options_go_before_the_file_and_that_before_names(network):
    read = spec(network, "scale: 0.5\noutput: depth\nrange: 2", "rgb", ["log_depth_cm"], scale="3", size="64, 96",
                mean="0.1,0.2,.3", std="0.5", layout=" nhwc ")
    assert read == NetworkSpec("nhwc", scale=3.0, range=2.0, output="depth", size=(64, 96), mean=(0.1, 0.2, 0.3),
                               std=(0.5, 0.5, 0.5))


@pytest.mark.parametrize("name, text", [
    ("layout", "chw"), ("layout", "NCHW"), ("layout", ""), ("channels", "rbg"), ("output", "disparity"),
    ("error", "sigma"),
    ("range", "0-255"), ("range", "0"), ("range", "nan"), ("scale", "-1"), ("scale", "1,2"), ("scale", ""),
    ("scale", "inf"), ("mean", "1,2"), ("mean", "0.1,,0.3"), ("mean", "[0.1, 0.2"), ("mean", "imagenet"),
    ("mean", "nan"), ("std", "1,0,1"), ("std", "a: b: c"), ("focal_px", "0"), ("focal_px", "1,2,3"),
    ("size", "224.5"), ("size", "0,10"), ("size", "-224"), ("size", "1,2,3"), ("size", "1" + "0" * 400),
    ("multiple", "0"), ("multiple", "1.5"), ("multiple", "16,32"), ("multiple", "any")])
def test_wrong_options_are_named(network, name, text):
    assert f"network option {name}" in refusal(network, **{name: text})


def test_sizes_are_made_of_multiples(network):
    assert "network option size=224,300: this network takes" in refusal(network, "multiple: 32", size="224,300")


@pytest.mark.parametrize("line", [
    "layout: [nchw]", "layout: 3", "range: yes", "scale: null", "scale: [1]", "mean: {a: 1}", "mean: [1, 2, yes]",
    "std: [.nan, 1, 1]", "size: [224.5, 224]", "focal_px: wide", "focal_px: [-1, 1]"])
def test_wrong_values_in_the_file_are_named(network, line):
    assert f"network option {line.split(':')[0]}" in refusal(network, line)


@pytest.mark.parametrize("beside, says", [
    ("gamma: 2", "net.v2.yaml: unknown network option gamma; known are channels, error, focal_axes, focal_px"),
    ("7: 2", "unknown network option 7"),
    ("scale: [1", "is not YAML"),
    ("scale: 2020-13-45", "is not YAML"),
    ("just words", "no `name: value` lines"),
    ("", "no `name: value` lines")])
def test_files_that_cannot_be_understood(network, beside, says):
    assert says in refusal(network, beside)


def test_unknown_options_are_named(network):
    assert "--depth-option: unknown network option gamma" in refusal(network, gamma="2")
