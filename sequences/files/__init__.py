"""Videos and folders of images that belong to no data set. Imports calib and the top of sequences."""
