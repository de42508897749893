"""From pictures to depth images, colours, point clouds and defocus, for `predict`. Imports calib, data, evaluation."""
