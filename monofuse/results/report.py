"""What a run did, as numbers: the content of report.json."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from monofuse.configuration import plain
from monofuse.interface.versions import versions
from monofuse.results.peak_memory import peak_memory_mb
from monofuse.results.run_counter import RunCounter
from sequences.sequence import Sequence
from slam.evaluation import length_m
from slam.system import SlamSystem

if TYPE_CHECKING:
    import trimesh

    from slam.mapping.live_map import LiveMap

MAX_SKIPPED_REASONS = 20


def build_report(*, arguments: Mapping[str, Any], sequence: Sequence, slam: SlamSystem, counter: RunCounter, ended: str,
                 problems: list[str], live_counts: Mapping[str, int], scores: Mapping[str, Any],
                 learnt: Mapping[str, Any], stages: Mapping[str, Any], mesh: "trimesh.Trimesh | None" = None
                 ) -> dict[str, Any]:
    """Everything report.json holds, as a dictionary of plain values.

    `ended`: `complete`, `interrupted` or `failed`; `problems`: one line each; `live_counts`: what became of a camera's
    frames before they came here; `scores`: errors against ground truth; `learnt`: on the network that learnt the
    recording; `stages`: times of the first pass; `mesh`: where one was built.
    """
    return {
        "source": sequence.name,
        "arguments": arguments,
        "ended": ended,
        "problems": [*problems, *filter(None, [slam.depth.scale_problem, counter.doubt])],
        "fps": round(counter.fps, 2),
        "total_s": round(counter.total_s, 1),
        "frames": counter.read,
        "tracked": counter.tracked,
        "lost": counter.status["lost"],
        "waiting": counter.status["waiting"],
        "relocalised": counter.status["relocalised"],
        "doubtful": counter.doubtful,
        "skipped": len(sequence.skipped),
        "skipped_reasons": sequence.skipped.reasons[:MAX_SKIPPED_REASONS],
        **live_counts,
        "keyframes": len(slam.keyframes),
        "keyframe_times_s": [round(keyframe.timestamp_s, 6) for keyframe in slam.keyframes.items],
        "loops": len(slam.loops.closed),
        "loops_refused": slam.loops.refused_count,
        "submaps": slam.map.submaps(),
        **joined_to_map(slam.map),
        "length_m": round(length_m(slam.trajectory()[1][:, :3, 3]), 4),
        "surfels": len(slam.surfels),
        "evicted_surfels": slam.surfels.evicted_count,
        "mesh": None if mesh is None else mesh_facts(mesh),
        "peak_memory_mb": peak_memory_mb(),
        **_predictions(slam),
        **slam.depth.scale_report(),
        "scale_cues": scale_cues(sequence, scores),
        **scores,
        **learnt,
        "stages": stages,
        "camera": asdict(sequence.camera),
        "working_size": list(slam.camera.size),
        "configuration": plain(slam.config),
        "versions": versions(),
    }


def report_file(report: Mapping[str, Any]) -> bytes:
    """The content of report.json."""
    return json.dumps(report, indent=1, default=str).encode()


def log_std_of(scale_report: Mapping[str, Any]) -> float | None:
    """Standard deviation of the log of the scale: 0 where metres were measured or the user gave them, None where nobody
    knows it."""
    if scale_report.get("scale_from") in (None, "factor"):
        return 0.0
    return scale_report.get("scale_log_std")


def mesh_facts(mesh: "trimesh.Trimesh") -> dict[str, Any]:
    """What the report says of a mesh."""
    return {"triangles": len(mesh.faces), "size_m": mesh.extents.round(3).tolist()}


def scale_cues(sequence: Sequence, scores: Mapping[str, float]) -> list[str]:
    """What the recording brings along that tells the scale, as values of --scale."""
    return [name for name, is_there in (("depth", "depth_images" in scores),
                                        ("poses", sequence.ground_truth is not None)) if is_there]


def joined_to_map(live_map: "LiveMap") -> dict[str, bool]:
    """Whether what is shown holds anything of the map that this run went on in; nothing where it began its own."""
    rows = [row for trajectory in live_map.earlier for row in trajectory.rows]
    return {"joined_to_map": live_map.main_submap in live_map.keyframes.submap[rows]} if rows else {}


def _predictions(slam: SlamSystem) -> dict[str, int]:
    """On how many frames a network was run, and the depth of how many went into the map; none without a network."""
    made = len(slam.stage_times.ms.get("network", ()))
    return {"predictions_made": made, "predictions_used": slam.depth.predictions_used} if made else {}
