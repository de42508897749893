#!/usr/bin/env python3
"""How long models of the hub take on one CPU thread: python -m benchmarks.hub_speed [NAME ...]

NAME: as in `monofuse depth list`; by default those whose sizes are known here. Each is built by transformers from the
sizes that its configuration on the hub has, with random weights, which take as long as trained ones, exported as
always, and run by ONNX Runtime as SLAM runs it, at the input that 4:3 images get. The number of parameters shows that
the sizes are right. Milliseconds are medians, preprocessing of a made-up 640x480 image included.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code
from calib.base.errors import BadInputError
from calib.geometry.camera import Camera
from depth.hub.known_models import KNOWN_MODELS

ROUNDS, PATIENCE_S = 15, 20.0
"""Rounds end early where they would take longer than that."""
CAMERA = Camera(640, 480, 525.0, 525.0, 319.5, 239.5)


def depth_anything(hidden: int, neck: Sequence[int], fusion: int) -> Any:
    """Configuration of Depth Anything V2 on an encoder of 12 layers."""
    from transformers import DepthAnythingConfig, Dinov2Config
    backbone = Dinov2Config(hidden_size=hidden, num_hidden_layers=12, num_attention_heads=hidden // 64, image_size=518,
                            patch_size=14, out_indices=[3, 6, 9, 12], reshape_hidden_states=False, apply_layernorm=True)
    return DepthAnythingConfig(backbone_config=backbone, reassemble_hidden_size=hidden, neck_hidden_sizes=list(neck),
                               fusion_hidden_size=fusion)


def glpn() -> Any:
    """Configuration of GLPN on a MiT-B4."""
    from transformers import GLPNConfig
    return GLPNConfig(depths=[3, 8, 27, 3], hidden_sizes=[64, 128, 320, 512])


CONFIGS: dict[str, Callable[[], Any]] = {
    "da-v2-small": lambda: depth_anything(384, (48, 96, 192, 384), 64),
    "da-v2-base": lambda: depth_anything(768, (96, 192, 384, 768), 128),
    "glpn-nyu": glpn}
"""By name in KNOWN_MODELS, of which others have the same sizes."""
HALVES = {"do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "do_rescale": True,
          "rescale_factor": 1 / 255, "size": {"height": 384, "width": 384}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(CONFIGS)}")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in CONFIGS:
            raise BadInputError(f"{name}: choose some of {', '.join(CONFIGS)}")
    print(f"{machine()}, one thread, random weights")
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["XDG_CACHE_HOME"] = scratch  # these are not the models that others would look for
        table(("network", "10⁶ parameters, here / on the hub", "input", "median ms"),
              (row(name, Path(scratch) / name) for name in arguments.names or CONFIGS))


def row(name: str, folder: Path) -> Sequence[object]:
    """A finished line of the table; the model is written to a folder, which is what the hub delivers."""
    from transformers import AutoModelForDepthEstimation

    from depth.hub.network import open_estimator
    model = AutoModelForDepthEstimation.from_config(CONFIGS[name]())
    parameters_m = sum(part.numel() for part in model.parameters()) / 1e6
    model.save_pretrained(folder)
    del model
    (folder / "preprocessor_config.json").write_text(json.dumps(HALVES))
    estimator = open_estimator(folder, device="cpu", runtime="onnx")
    rgb = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    times_ms, start = [], time.perf_counter()
    while len(times_ms) < ROUNDS and (time.perf_counter() - start < PATIENCE_S or not times_ms):
        times_ms.append(estimator.predict(rgb, CAMERA).ms)
    size = estimator.size
    return (name, f"{parameters_m:.0f} / {KNOWN_MODELS[name].parameters_m}", f"{size[1]}x{size[0]}",
            f"{statistics.median(times_ms):.0f}")


if __name__ == "__main__":
    sys.exit(exit_code("hub_speed", main))
