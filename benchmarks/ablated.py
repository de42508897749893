#!/usr/bin/env python3
"""run_slam.py with parts of SLAM left out, to measure what each is worth: ablated.py PART[,PART] ARGUMENT ...

PART, in the order in which one builds on the other:
  refinement  what geometry says of keyframes' depth: a network's is only fitted to the map, and every frame's fused
  stereo      dense stereo between keyframes: a network's depth is bent to the points that images locate, no more
  window      joint adjustment of the last keyframes: they stay where tracking put them, points where a search did
  loops       none is looked for
  adjustment  of all keyframes in the end
"""

import sys
from dataclasses import replace

from monofuse import run as run_slam

PARTS = ("refinement", "stereo", "window", "loops", "adjustment")
NEVER_ENOUGH = 2**62
"""Residuals below which the window's solver moves nothing."""


def without(part, config):
    """SlamConfig -> SlamConfig"""
    if part in ("refinement", "adjustment"):
        return replace(config, **{part: None})
    if part == "loops":
        return replace(config, loops=replace(config.loops, max_waiting=0))
    refinement = config.refinement
    if refinement and part == "stereo":
        refinement = replace(refinement, neighbours=0)
    if refinement and part == "window":
        bundle = refinement.window.bundle
        bundle = replace(bundle, solver=replace(bundle.solver, min_count=NEVER_ENOUGH))
        refinement = replace(refinement, window=replace(refinement.window, bundle=bundle))
    return replace(config, refinement=refinement)


def main(parts, arguments):
    whole = run_slam.configuration

    def configuration(*of_run):
        config = whole(*of_run)
        for part in parts:
            config = without(part, config)
        return config

    run_slam.configuration = configuration
    return run_slam.main(arguments)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not set(sys.argv[1].split(",")) <= set(PARTS):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1].split(","), sys.argv[2:]))
