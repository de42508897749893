"""The official weights of Laina 2016: every name and shape, and the same depth as the release's own graph computes."""

import numpy as np
import pytest
from scipy.io import savemat

torch = pytest.importorskip("torch")

from calib.base.errors import NetworkError
from depth.networks.weights.fcrn_import import import_fcrn, read_layers, release_tensors
from tests.helpers.fcrn_release_graph import release_layers, release_predict
from tests.helpers.matconvnet_file import saved_release
from tests.helpers.tensor_bundle_file import write_bundle

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def layers():
    return release_layers()


@pytest.fixture(scope="module")
def npy(layers, tmp_path_factory):
    path = tmp_path_factory.mktemp("release") / "NYU_ResNet-UpProj.npy"
    np.save(path, layers, allow_pickle=True)
    yield path
    path.unlink()


def test_it_predicts_what_the_release_predicts(layers, npy):
    torch.manual_seed(0)
    images = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        ours, theirs = import_fcrn(npy)(images), release_predict(layers, 255 * images)
    assert ours.shape == (2, 1, 32, 48) and 0 < (ours == 0).float().mean() < 1, "some of it ends at ReLU"
    assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4 * theirs.max().item())


def narrow(array):
    """The same with three channels at most."""
    return array[(slice(None), slice(None), slice(3), slice(3))[-array.ndim:]]


def test_the_matconvnet_file_predicts_the_same(layers, tmp_path):
    """All layers as DagNN saves them: deviations for variances, and without the sizes of 1 that MATLAB drops."""
    path = tmp_path / "NYU_ResNet-UpProj.mat"
    slim = {layer: {part: narrow(array) for part, array in parts.items()} for layer, parts in layers.items()}
    savemat(path, saved_release(slim))
    from_mat, from_npy = release_tensors(read_layers(path), path.name), release_tensors(slim, "a.npy")
    assert from_mat.keys() == from_npy.keys()
    assert all(torch.allclose(from_mat[name], tensor, rtol=1e-4, atol=1e-6) for name, tensor in from_npy.items())


def test_the_parts_of_an_up_convolution_are_known_by_their_kernels(layers):
    """The authors' MATLAB code has B and C the other way round than their TensorFlow code."""
    swapped = dict(layers)
    for name in layers:
        if name.endswith("_ConvB"):
            other = name.replace("_ConvB", "_ConvC")
            swapped[name], swapped[other] = layers[other], layers[name]
    expected, found = release_tensors(layers, "a.npy"), release_tensors(swapped, "a.mat")
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


@pytest.mark.parametrize("kernel", [(5, 5), (3, 3)])
def test_a_misshapen_part_of_an_up_convolution_is_named(layers, kernel):
    wrong = {**layers, "layer4x_br1_ConvD": {"weights": np.zeros((*kernel, 512, 256)), "biases": np.zeros(256)}}
    size = "x".join(map(str, kernel))
    with pytest.raises(NetworkError, match=f"the parts of layer4x_br1 are 3x3, 2x3, 3x2, {size} and not 3x3, 2x3"):
        release_tensors(wrong, "a.mat")


def test_branches_that_do_not_go_together_are_named(layers):
    wrong = {**layers, "layer16x_br2_ConvA": {"weights": np.zeros((3, 3, 32, 64)), "biases": np.zeros(64)}}
    with pytest.raises(NetworkError, match="br1_ConvA/weights is 64x128x3x3 and layer16x_br2_ConvA/weights is 64x32x3"):
        release_tensors(wrong, "a.mat")


def without(layers, layer, part):
    return {**layers, layer: {name: array for name, array in layers[layer].items() if name != part}}


@pytest.mark.parametrize("layer, part", [("layer8x_br2_ConvC", "weights"), ("bn4f_branch2b", "variance"),
                                         ("ConvPred", "biases"), ("layer2x_br1_ConvA", "biases")])
def test_what_is_missing_is_named(layers, layer, part):
    with pytest.raises(NetworkError, match=f"weights in a.npy do not fit the network; missing: {layer}/{part}$"):
        release_tensors(without(layers, layer, part), "a.npy")


def test_what_is_surplus_is_named(layers):
    with pytest.raises(NetworkError, match="surplus: fc1000/weights$"):
        release_tensors({**layers, "fc1000": {"weights": np.zeros((1, 1, 2, 3))}}, "a.npy")


def test_what_has_another_shape_is_named(layers, tmp_path, monkeypatch):
    wrong = {**layers, "ConvPred": {"weights": np.zeros((3, 3, 64, 2)), "biases": np.zeros(2)}}
    monkeypatch.setattr("depth.networks.weights.fcrn_import.read_layers", lambda path: wrong)
    with pytest.raises(NetworkError, match="wrong shape: decoder.predict.weight is 2x64x3x3 and not 1x64x3x3"):
        import_fcrn(tmp_path / "a.npy")


def test_a_bias_before_normalisation_may_be_missing(layers):
    """MatConvNet's ResNet-50 has none in places where TensorFlow's has one."""
    tensors = release_tensors(without(layers, "conv1", "biases"), "a.mat")
    assert torch.equal(tensors["encoder.bn1.running_mean"], torch.from_numpy(layers["bn_conv1"]["mean"]))


def test_a_tensorflow_checkpoint_is_read_into_the_same_table(tmp_path):
    conv = {"weights": np.ones((1, 1, 2, 3), np.float32), "biases": np.arange(3, dtype=np.float32)}
    write_bundle(tmp_path / "NYU_FCRN.ckpt", {"layer1/weights": conv["weights"], "layer1/biases": conv["biases"],
                                             "x_0": np.arange(5), "x_1_7": np.arange(5)})
    for name in ("NYU_FCRN.ckpt", "NYU_FCRN.ckpt.index"):
        read = read_layers(tmp_path / name)
        assert read.keys() == {"layer1"}
        assert all(np.array_equal(read["layer1"][part], conv[part]) for part in conv)
