"""Models of the hub that have a short name, and what is known of them before they are fetched."""

from typing import NamedTuple

HYPERSIM, VIRTUAL_KITTI, NYU, KITTI = 0.866, 0.584, 0.811, 0.581
"""Focal lengths of cameras that networks were trained with, in widths of their images."""
UNMEASURED, SMALL_TIME, BASE_TIME, GLPN_TIME = "not measured", "0.5 s", "1.6 s", "1.5 s"
"""See KnownModel.speed."""


class KnownModel(NamedTuple):
    """A model of the hub."""

    id: str
    """ORG/MODEL on the hub."""
    parameters_m: int
    """Parameters in millions."""
    download_mb: int
    """Size of its weights on the hub, in megabytes."""
    licence: str
    """Of the weights, as the hub names it."""
    output: str
    """What it predicts, in words."""
    speed: str = UNMEASURED
    """Time of one prediction by ONNX Runtime on one thread of an AMD EPYC without AVX-512, by a model of these sizes
    (benchmarks/hub_speed.py)."""
    focal_share: float | None = None
    """Focal length of the one camera that it was trained with, in image widths; None: many, or it is told the focal
    length in another way."""


_V2, _METRIC = "depth-anything/Depth-Anything-V2", "depth-anything/Depth-Anything-V2-Metric"
FREE, NON_COMMERCIAL = "apache-2.0", "cc-by-nc-4.0"
INDOOR, OUTDOOR, INVERSE = "metres, indoors", "metres, outdoors", "inverse depth without a scale"

KNOWN_MODELS = {
    "da-v2-small": KnownModel(f"{_METRIC}-Indoor-Small-hf", 25, 99, FREE, INDOOR, SMALL_TIME, focal_share=HYPERSIM),
    "da-v2-base": KnownModel(f"{_METRIC}-Indoor-Base-hf", 97, 390, NON_COMMERCIAL, INDOOR, BASE_TIME,
                             focal_share=HYPERSIM),
    "da-v2-large": KnownModel(f"{_METRIC}-Indoor-Large-hf", 335, 1341, NON_COMMERCIAL, INDOOR, focal_share=HYPERSIM),
    "da-v2-small-outdoor": KnownModel(f"{_METRIC}-Outdoor-Small-hf", 25, 99, FREE, OUTDOOR, SMALL_TIME,
                                      focal_share=VIRTUAL_KITTI),
    "da-v2-small-relative": KnownModel(f"{_V2}-Small-hf", 25, 99, FREE, INVERSE, SMALL_TIME),
    "zoedepth": KnownModel("Intel/zoedepth-nyu-kitti", 345, 1380, "mit", "metres, indoors and outdoors"),
    "depth-pro": KnownModel("apple/DepthPro-hf", 952, 1904, "apple-amlr", "metres, and the focal length"),
    "glpn-nyu": KnownModel("vinvino02/glpn-nyu", 61, 245, FREE, INDOOR, GLPN_TIME, focal_share=NYU),
    "glpn-kitti": KnownModel("vinvino02/glpn-kitti", 61, 245, FREE, OUTDOOR, GLPN_TIME, focal_share=KITTI),
    "dpt-hybrid": KnownModel("Intel/dpt-hybrid-midas", 123, 490, FREE, INVERSE),
    "dpt-large": KnownModel("Intel/dpt-large", 343, 1370, FREE, INVERSE),
}
"""By short name, for --depth."""

RESTRICTED = ("-nc", "noncommercial", "non-commercial", "amlr", "research")
"""Parts of the names of licences that do not allow every use."""


def known_by_id(model_id: str) -> KnownModel | None:
    """What is known of ORG/MODEL."""
    return next((model for model in KNOWN_MODELS.values() if model.id == model_id), None)


def licence_line(licence: str | None) -> str:
    """One line on a licence that does not allow every use, or that nobody states; empty where all is well."""
    if not licence or licence in ("other", "unknown"):
        return "the licence of these weights is not stated in a standard form: read the model's page before using them"
    if any(part in licence.lower() for part in RESTRICTED):
        return f"these weights are not for commercial use (licence {licence})"
    return ""
