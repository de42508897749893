"""Training of depth networks. Imports torch when loaded, and all other rooms of depth but photos and commands.

    config -> stages -> batches -> Learner.step -> validation -> weights, card, log, checkpoint
"""
