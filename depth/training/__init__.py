"""Training of depth networks. Imports torch when loaded; only `python -m depth train` does that.

    config -> stages -> batches -> TrainingRun.step -> validation -> weights, card, log, checkpoint
"""
