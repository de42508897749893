#!/usr/bin/env python3
"""RGB video in, metric camera path and coloured mesh out. See README.md, or `python run_slam.py --help`."""

import sys

from monofuse.run import main

if __name__ == "__main__":
    sys.exit(main())
