"""Networks as MatConvNet's DagNN saves them (saveobj): structure arrays of parameters and of layers."""

import numpy as np

MOMENT_EPSILON = 1e-4
"""Inside the standard deviations of batch normalisation."""


def saved_network(parameters, layers):
    """{name: array} and {layer: names of its parameters} -> what scipy.io.savemat takes."""
    return {"params": _structures([{"name": name, "value": value, "learningRate": 1.0}
                                   for name, value in parameters.items()]),
            "layers": _structures([{"name": name, "type": "dagnn.Layer", "params": _cell(names)}
                                   for name, names in layers.items()])}


def saved_release(release):
    """{layer: {part: array}} as the TensorFlow release has it -> the same network, saved by MatConvNet."""
    parameters, layers = {}, {}
    for layer, parts in release.items():
        if "mean" in parts:
            deviation = np.sqrt(parts["variance"] + MOMENT_EPSILON)
            arrays = {"mult": parts["scale"][:, None], "bias": parts["offset"][:, None],
                      "moments": np.stack([parts["mean"], deviation], axis=1)}
        else:
            weights = parts["weights"]
            arrays = {"filter": weights[..., 0] if weights.shape[3] == 1 else weights}  # as MATLAB keeps it
            arrays |= {"bias": parts["biases"][None]} if "biases" in parts else {}
        layers[layer] = [f"{layer}_{kind}" for kind in arrays]
        parameters.update(zip(layers[layer], arrays.values()))
    return saved_network(parameters, layers)


def _structures(table):
    """A MATLAB structure array from rows of fields."""
    array = np.empty((1, len(table)), [(field, object) for field in table[0]])
    for k, row in enumerate(table):
        array[0, k] = tuple(row.values())
    return array


def _cell(texts):
    array = np.empty((1, len(texts)), object)
    array[0, :] = texts
    return array
