#!/usr/bin/env python3
"""run_slam.py with parts of SLAM left out, to measure what each is worth: ablated.py PART[,PART] ARGUMENT ...

PART: `refinement`, so that a network's depth is only fitted to the map; `loops`, so that none is looked for; `adjustment`, of
all keyframes in the end.
"""

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import run_slam  # noqa: E402

WITHOUT = {
    "refinement": lambda config: replace(config, refinement=None),
    "adjustment": lambda config: replace(config, adjustment=None),
    "loops": lambda config: replace(config, loops=replace(config.loops, max_waiting=0)),
}


def main(parts, arguments):
    whole = run_slam.configuration

    def configuration(*of_run):
        config = whole(*of_run)
        for part in parts:
            config = WITHOUT[part](config)
        return config

    run_slam.configuration = configuration
    return run_slam.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].split(","), sys.argv[2:]))
