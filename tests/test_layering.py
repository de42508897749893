"""Who may import whom, read from the sources of all our modules; nothing is run but one fresh interpreter."""

import ast
import functools
import graphlib
import subprocess
import sys

import pytest

from tests.helpers.paths import ROOT

PACKAGES = ("calib", "sequences", "depth", "slam", "monofuse")
LAYERS = (
    ("calib.base",),
    ("calib.geometry",),
    ("calib.files",),
    ("calib.formats",),
    ("sequences.frame", "sequences.option_text", "depth.estimator", "depth.kernels"),
    ("sequences.sequence",),
    ("sequences.checks", "sequences.prefetch", "sequences.synthetic.rendering"),
    ("sequences.files", "sequences.synthetic.shapes", "depth.networks", "depth.onnx_files"),
    ("sequences.synthetic.materials", "depth.networks.weights", "depth.data"),
    ("sequences.synthetic.furniture", "depth.runtimes", "depth.evaluation", "depth.losses"),
    ("sequences.synthetic", "sequences.datasets", "sequences.cameras", "depth.photos"),
    ("sequences.catalogue", "depth.hub", "depth.runtimes.tensorrt", "depth.training", "slam.stages", "slam.robust",
     "slam.background", "slam.hand_over"),
    ("sequences.__main__", "depth.commands", "depth.adaptation"),
    ("depth.__main__", "calib.boards", "calib.focal"),
    ("calib.unknown_camera", "slam.kernels"),
    ("slam.tracking", "calib.__main__"),
    ("slam.mapping",),
    ("slam.meshing", "slam.scale", "slam.global_adjustment"),
    ("slam.keyframe_depth", "slam.loops", "slam.texturing"),
    ("slam.config", "slam.evaluation", "slam.localiser", "slam.plots"),
    ("slam.system",),
    ("slam.__main__", "slam.merging", "monofuse.configuration", "monofuse.interface"),
    ("monofuse.maps",),
    ("monofuse.export",),
    ("monofuse.results",),
    ("monofuse.interface.viewer",),
    ("monofuse",),
    ("monofuse.batch",),
    ("monofuse.bench",),
    ("run_slam",),
)
"""From the ground up: a module may import those of its own room and those on lower layers, never a room beside it."""
STRANGERS = {"sequences": ("depth",), "depth": ("sequences",),
             "slam": tuple(room for layer in LAYERS for room in layer if room.startswith(("sequences.", "depth."))
                           and room not in ("sequences.frame", "depth.estimator"))}
"""Rooms on lower layers that a package must not know all the same."""
TORCH_USERS = ("depth.networks", "depth.losses", "depth.training", "depth.runtimes.torch_graph",
               "depth.adaptation.training", "depth.adaptation.loss", "depth.adaptation.onnx_graph",
               "depth.adaptation.onnx_operators", "depth.hub.torch_model")
"""What is torch code through and through; nothing else loads it before it is needed."""
OPTIONAL = ("pyrealsense2", "tensorrt", "tensorrt_rtx", "openvino", "viser", "websockets", "rerun", "matplotlib",
            "open3d", "trimesh", "h5py", "torch", "onnx", "onnxruntime", "liblzfse", "transformers", "huggingface_hub",
            "rosbags", "pi_heif", "rawpy", "av", "ray", "submitit", "fsspec", "filelock",
            "laspy")


def name_of(path):
    """slam/kernels/__init__.py -> slam.kernels"""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class WithoutTypeImports(ast.NodeTransformer):
    """Drops `if TYPE_CHECKING:`, whose imports never run and may point in any direction."""

    def visit_If(self, node):
        is_for_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return node.orelse if is_for_types else self.generic_visit(node)


def parsed(text):
    return WithoutTypeImports().visit(ast.parse(text))


@functools.cache
def sources():
    """Name of each of our modules -> what it says; read by the process that runs this, not by all that collect."""
    paths = [ROOT / "run_slam.py", *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))]
    return {name_of(path): parsed(path.read_text()) for path in paths}


def is_command_line(module):
    """Whether a module is one of those that print and exit, or what they share."""
    return module in ("run_slam", "calib.base.command_line") or module.endswith("__main__")


def imported(nodes, module):
    """Full names of the modules that the import statements among `nodes` refer to."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} line {node.lineno}: a relative import hides whom it reaches for"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in sources() else node.module


def at_import(node):
    """The nodes that run when a module is imported: everything outside functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield child
            yield from at_import(child)


def is_within(module, *packages):
    return any(module == package or module.startswith(package + ".") for package in packages)


def loaded(node):
    """All nodes but those that only a type checker reads: `if TYPE_CHECKING:`"""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield child
            yield from loaded(child)


@functools.cache
def ours(module, everywhere=True):
    """Our modules that `module` imports: anywhere, or only where they are loaded along with it."""
    nodes = loaded(sources()[module]) if everywhere else at_import(sources()[module])
    return {name for name in imported(nodes, module) if is_within(name, "run_slam", *PACKAGES)}


@functools.cache
def room_of(module):
    """-> (number of the layer, name of the room): the most specific entry of LAYERS that holds the module."""
    return max(((number, room) for number, layer in enumerate(LAYERS) for room in layer if is_within(module, room)),
               key=lambda found: len(found[1]), default=(0, module))


def allowed(module, name):
    """Whether `module` may import `name`: a module of its own room, or one on a lower layer."""
    (layer, room), (other_layer, other_room) = room_of(module), room_of(name)
    return room == other_room or other_layer < layer


def test_every_module_has_a_room():
    assert not [module for module in sources() if not any(is_within(module, *layer) for layer in LAYERS)
                and "." in module]


@pytest.mark.parametrize("package", [*PACKAGES, "run_slam"])
def test_rooms_import_only_what_lies_below_them(package):
    offences = [f"{module} imports {name}" for module in sources() if is_within(module, package)
                for name in ours(module) if not allowed(module, name)]
    assert not offences


@pytest.mark.parametrize("package", STRANGERS)
def test_strangers_stay_strangers(package):
    offences = [f"{module} imports {name}" for module in sources() if is_within(module, package)
                for name in ours(module) if is_within(name, *STRANGERS[package])]
    assert not offences


def test_imports_go_one_way():
    """No module reaches itself through its imports; those inside functions count as well."""
    order = list(graphlib.TopologicalSorter({module: ours(module) - {module} for module in sources()}).static_order())
    assert order.index("calib.geometry.se3") < order.index("slam.tracking.tracker") < order.index("slam.system")
    assert not any(module in ours(module) for module in sources())


def test_optional_packages_are_imported_where_they_are_needed():
    offences = [f"{module} imports {name}" for module, tree in sources().items()
                for name in imported(at_import(tree), module) if is_within(name, *OPTIONAL)
                and not (is_within(name, "torch") and is_within(module, *TORCH_USERS))]
    assert not offences


def test_torch_code_is_loaded_where_it_is_needed():
    """Its modules would bring torch along into whoever imports them, but for those that are made to be read without."""
    light = ("depth.networks", "depth.networks.registry", "depth.networks.weights", "depth.networks.weights.folded",
             "depth.training.config", "depth.training.recipes")
    offences = [f"{module} imports {name}" for module, tree in sources().items() if not is_within(module, *TORCH_USERS)
                for name in imported(at_import(tree), module) if is_within(name, *TORCH_USERS) and name not in light]
    assert not offences


def test_only_the_command_line_prints():
    offences = [f"{module} line {node.lineno}" for module, tree in sources().items() if not is_command_line(module)
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"]
    assert not offences


def test_no_module_imports_all_names_of_another():
    assert not [module for module, tree in sources().items() for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)]


def test_loading_what_everyone_needs_loads_no_optional_package():
    modules = ("slam.system", "depth.runtimes.onnx_runtime", "depth.runtimes.openvino_runtime",
               "depth.runtimes.tensorrt.runtime", "depth.runtimes.catalogue", "depth.networks.registry",
               "depth.__main__", "depth.evaluation.metrics", "depth.data.catalogue", "monofuse.slam")
    loaded = f"""
import importlib, sys
for module in {modules}:
    importlib.import_module(module)
    if found := [name for name in {OPTIONAL} if name in sys.modules]:
        sys.exit(f"{{module}} loads {{found}}")
"""
    done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_rules_would_notice():
    """The reading of imports itself, on a made-up module."""
    tree = parsed("import numpy as np\nfrom slam import system\nfrom depth.estimator import focal_scale\n"
                  "try:\n    import torch\nexcept ImportError:\n    pass\n"
                  "if TYPE_CHECKING:\n    import onnx\n"
                  "class Lazy:\n    import h5py\n    def load(self):\n        import open3d\n")
    assert list(imported(ast.walk(tree), "made.up")).count("open3d") == 1
    assert sorted(imported(at_import(tree), "made.up")) == ["depth.estimator", "h5py", "numpy", "slam.system", "torch"]
