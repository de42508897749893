#!/usr/bin/env python3
"""RGB video in, metric camera trajectory and coloured mesh out. See README.md, or `python run_slam.py --help`."""

from monofuse.__main__ import COMMANDS

raise SystemExit(COMMANDS["run"].load()(None, "python run_slam.py"))
