"""depth.runtimes.segmentation: tiny networks that tell classes by colour, as class map, logits and shares."""

import numpy as np
import pytest

from calib.base.errors import NetworkError
from depth.runtimes.segmentation import SegmentationNetwork
from tests.helpers.segmentation import RED, by_colour

RGB = np.zeros((24, 32, 3), np.uint8)
RGB[:, :16] = 200, 0, 0


def shown(tmp_path, **settings):
    classes = settings.pop("classes", ())
    return SegmentationNetwork(by_colour(tmp_path / "colour.onnx", **settings), classes).shows(RGB)


@pytest.mark.parametrize("form", ["logits", "map", "share"])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_what_is_red_is_found_in_every_form_of_output(tmp_path, form, layout):
    if layout == "nhwc":
        (tmp_path / "colour.yaml").write_text("layout: nhwc\n")
    found = shown(tmp_path, form=form, layout=layout)
    assert found.shape == (24, 32) and found[:, :15].all() and not found[:, 17:].any()


def test_classes_are_those_spoken_of_else_those_beside_the_file_else_people(tmp_path):
    assert shown(tmp_path, red=15).any() and not shown(tmp_path, red=11).any()
    (tmp_path / "colour.yaml").write_text("classes: [11, 12]\nevery: 3\n")
    network = SegmentationNetwork(by_colour(tmp_path / "colour.onnx", red=11))
    assert network.shows(RGB).any() and network.options.every == 3
    assert not shown(tmp_path, red=11, classes=(0, 15))[:, :15].any()


@pytest.mark.parametrize("beside, said", [("classes: [person]", "classes must be whole numbers"),
                                          ("classes: []", "classes must be whole numbers"),
                                          ("every: 0", "every must be a number of frames"),
                                          ("klasses: 3", "unknown network option klasses"),
                                          ("classes: 35", "classes 0 to 20, none of them number 35: give .*:15")])
def test_what_cannot_be_meant_is_said(tmp_path, beside, said):
    (tmp_path / "colour.yaml").write_text(beside + "\n")
    with pytest.raises(NetworkError, match=said):
        SegmentationNetwork(by_colour(tmp_path / "colour.onnx"))


def test_other_networks_are_turned_down(tmp_path):
    with pytest.raises(NetworkError, match="not a class map"):
        SegmentationNetwork(by_colour(tmp_path / "colour.onnx", form="vector"))
    assert RED == 15
