"""The graph of the official FCRN release (models/fcrn.py there) on plain arrays: its layers' names and shapes, and what
it computes from them, written down on its own to check the importer against."""

import numpy as np
import torch
from torch.nn import functional

STAGES = ((2, "abc", 64), (3, "abcd", 128), (4, "abcdef", 256), (5, "abc", 512))
SCALES = (("2x", 1024, 512), ("4x", 512, 256), ("8x", 256, 128), ("16x", 128, 64))
PARTS = (("A", 3, 3), ("B", 2, 3), ("C", 3, 2), ("D", 2, 2))


def release_layers(seed=0):
    """{layer: {part: random array}} with every name and shape of the release."""
    rng, layers = np.random.default_rng(seed), {}

    def conv(name, rows, columns, channels_in, channels_out, biased):
        spread = np.float32(np.sqrt(1 / (rows * columns * channels_in)))
        weights = rng.standard_normal((rows, columns, channels_in, channels_out), np.float32) * spread
        biases = {"biases": rng.standard_normal(channels_out, np.float32)} if biased else {}
        layers[name] = {"weights": weights, **biases}

    def norm(name, channels):
        layers[name] = {part: rng.uniform(0.5, 1.5, channels).astype(np.float32)
                        for part in ("scale", "offset", "mean", "variance")}

    conv("conv1", 7, 7, 3, 64, True), norm("bn_conv1", 64)
    channels_in = 64
    for stage, letters, width in STAGES:
        for letter in letters:
            name = f"{stage}{letter}_branch"
            if letter == "a":
                conv(f"res{name}1", 1, 1, channels_in, 4 * width, False), norm(f"bn{name}1", 4 * width)
            for part, side, before, after in (("a", 1, channels_in, width), ("b", 3, width, width),
                                              ("c", 1, width, 4 * width)):
                conv(f"res{name}2{part}", side, side, before, after, False), norm(f"bn{name}2{part}", after)
            channels_in = 4 * width
    conv("layer1", 1, 1, 2048, 1024, True), norm("layer1_BN", 1024)
    for scale, before, after in SCALES:
        for branch in (f"layer{scale}_br1", f"layer{scale}_br2"):
            for part, rows, columns in PARTS:
                conv(f"{branch}_Conv{part}", rows, columns, before, after, True)
            norm(f"{branch}_BN", after)
        conv(f"layer{scale}_Conv", 3, 3, after, after, True), norm(f"layer{scale}_BN", after)
    conv("ConvPred", 3, 3, 64, 1, True)
    return layers


def release_predict(layers, rgb_255):
    """(B, 3, h, w) in [0, 255] -> depth (B, 1, 16h/32, 16w/32), h and w multiples of 32."""
    def conv(name, features, stride=1, padding=None):
        weights = torch.from_numpy(layers[name]["weights"]).permute(3, 2, 0, 1)
        biases = layers[name].get("biases")
        features = functional.pad(features, padding or [(side - 1) // 2 for side in (*weights.shape[:1:-1],)
                                                        for _ in range(2)])
        return functional.conv2d(features, weights, None if biases is None else torch.from_numpy(biases), stride)

    def norm(name, features):
        mean, variance, scale, offset = (torch.from_numpy(layers[name][part])
                                         for part in ("mean", "variance", "scale", "offset"))
        return functional.batch_norm(features, mean, variance, scale, offset, eps=1e-4)

    def block(features, stage, letter):
        name, stride = f"{stage}{letter}_branch", 2 if letter == "a" and stage > 2 else 1
        inner = norm(f"bn{name}2a", conv(f"res{name}2a", features, stride)).relu()
        inner = norm(f"bn{name}2b", conv(f"res{name}2b", inner)).relu()
        inner = norm(f"bn{name}2c", conv(f"res{name}2c", inner))
        shortcut = norm(f"bn{name}1", conv(f"res{name}1", features, stride)) if letter == "a" else features
        return (inner + shortcut).relu()

    def unpool_as_conv(branch, features):
        """Paddings are left, right, top, bottom; A fills even rows and columns, B odd rows, C odd columns."""
        batch, _, height, width = features.shape
        woven = torch.empty(batch, len(layers[f"{branch}_BN"]["mean"]), 2 * height, 2 * width)
        for part, row, column, padding in (("A", 0, 0, [1, 1, 1, 1]), ("B", 1, 0, [1, 1, 1, 0]),
                                           ("C", 0, 1, [1, 0, 1, 1]), ("D", 1, 1, [1, 0, 1, 0])):
            woven[..., row::2, column::2] = conv(f"{branch}_Conv{part}", features, padding=padding)
        return norm(f"{branch}_BN", woven)

    features = norm("bn_conv1", conv("conv1", rgb_255, 2)).relu()
    features = functional.max_pool2d(functional.pad(features, (0, 1, 0, 1), value=-torch.inf), 3, 2)
    for stage, letters, _ in STAGES:
        for letter in letters:
            features = block(features, stage, letter)
    features = norm("layer1_BN", conv("layer1", features))
    for scale, *_ in SCALES:
        branch = conv(f"layer{scale}_Conv", unpool_as_conv(f"layer{scale}_br1", features).relu())
        features = (norm(f"layer{scale}_BN", branch) + unpool_as_conv(f"layer{scale}_br2", features)).relu()
    return conv("ConvPred", features).relu()
