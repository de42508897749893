"""A depth network learns a recording: it is trained on depth that geometry found. Imports torch when it is used."""
