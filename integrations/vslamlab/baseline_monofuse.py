"""monofuse as a baseline of VSLAM-LAB: copy this file to its Baselines/baseline_files/; docs/bench.md says the rest."""

from Baselines.BaselineVSLAMLAB import BaselineVSLAMLAB


class MONOFUSE_baseline(BaselineVSLAMLAB):
    """Its task `execute-mono` of pixi.toml starts monofuse.bench.vslamlab with the arguments that VSLAM-LAB makes."""

    def __init__(self, baseline_name="monofuse", baseline_folder="monofuse"):
        super().__init__(baseline_name, baseline_folder, {"verbose": 0, "mode": "mono"})
        self.color = (0.1, 0.4, 0.9)
        self.modes = ["mono"]
        self.cam_models = ["pinhole", "radtan4", "radtan5", "equid4"]
        self.command_style = "python"

    def has_source(self):
        """There is nothing to build: monofuse is a package of the environment."""
        return True
