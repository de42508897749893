"""What a run did, as numbers: report.json and the table on the screen."""

import platform
import resource
import sys
from collections import Counter
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from calib.base.errors import MonofuseError

PACKAGES = ("numpy", "scipy", "numba", "opencv-python-headless", "open3d-cpu", "onnxruntime", "openvino",
            "torch")


class RunCounter:
    """Counts frames by what became of them."""

    def __init__(self):
        self.status = Counter()
        self.read = 0
        self.last_index = -1
        self.loop_s = 0.0

    def add(self, result):
        self.read += 1
        self.last_index = result.index
        self.status[result.status] += 1

    @property
    def tracked(self):
        return self.status["tracked"] + self.status["relocalised"]

    @property
    def missed(self):
        """Frames of the source that did not come this far."""
        return self.last_index + 1 - self.read

    @property
    def fps(self):
        return self.read / self.loop_s if self.loop_s > 0 else 0.0

    def describe(self):
        """A few words for the progress bar."""
        return f"{self.fps:5.1f} frames/s, {self.status['lost']} lost"


def build_report(arguments, session, problems):
    """Everything report.json holds, as a dictionary of plain values; `problems` are those beyond the session's."""
    sequence, slam, counter = session.sequence, session.slam, session.counter
    return {
        "source": sequence.name,
        "arguments": arguments,
        "ended": session.ended,
        "problems": [_in_one_line(failure) for failure in session.failures] + problems + [problem for problem in [slam.depth.scale_problem] if problem],
        "fps": round(counter.fps, 2),
        "frames": counter.read,
        "tracked": counter.tracked,
        "lost": counter.status["lost"],
        "waiting": counter.status["waiting"],
        "relocalised": counter.status["relocalised"],
        "skipped": len(sequence.skipped),
        "skipped_reasons": sequence.skipped.reasons[:20],
        **session.live_counts(),
        "keyframes": len(slam.keyframes),
        "loops": len(slam.loops.closed),
        "loops_refused": slam.loops.refused_count,
        "submaps": slam.map.submaps(),
        "surfels": len(slam.surfels),
        "evicted_surfels": slam.surfels.evicted_count,
        "peak_memory_mb": peak_memory_mb(),
        **slam.depth.scale_report(),
        **session.scores(),
        "stages": slam.stage_times.summary(),
        "camera": asdict(sequence.camera),
        "working_size": list(slam.camera.size),
        "configuration": asdict(slam.config),
        "versions": versions(),
    }


def _in_one_line(error):
    return str(error) if isinstance(error, MonofuseError) else f"{type(error).__name__}: {error}"


def peak_memory_mb():
    """Largest resident size of this process so far."""
    status = Path("/proc/self/status")
    if status.is_file():  # the other figure starts at that of the process which started this one
        peak_kb = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return round(peak_kb / 2**10, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def versions():
    installed = {"python": platform.python_version(), "system": platform.platform()}
    for package in ("monofuse", *PACKAGES):
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return installed


def table_rows(report):
    """report -> [(what, value)] for the screen."""
    rows = [("frames", f"{report['frames']} read, {report['tracked']} tracked, {report['lost']} lost"),
            ("speed", f"{report['fps']:.1f} frames/s"),
            ("map", f"{report['keyframes']} keyframes, {report['loops']} loops closed, {report['surfels']:,} surfels"),
            ("memory", f"{report['peak_memory_mb']:.0f} MB at most")]
    if report["relocalised"]:
        rows.insert(1, ("relocalised", f"{report['relocalised']} times"))
    if len(report["submaps"]) > 1:
        apart = sum(part["frames"] for part in report["submaps"][1:])
        rows.insert(1, ("parts", f"{apart} frames could not be joined to the rest; they are in part_N files"))
    if report["waiting"]:
        rows.insert(1, ("waiting", f"{report['waiting']} frames for a first one with texture and depth"))
    if report["skipped"]:
        rows.insert(1, ("skipped", f"{report['skipped']} unreadable images or depth maps"))
    if report["dropped"]:
        rows.insert(1, ("dropped", f"{report['dropped']} older frames of the camera, for newer ones"))
    if report.get("reconnected"):
        rows.insert(1, ("reconnected", f"{report['reconnected']} times"))
    if "recorded" in report:
        rows.append(("recorded", f"{report['recorded']} frames, {report['left_out_of_recording']} left out"))
    if report.get("scale_from", "network") != "network":
        spread = "" if report["scale_log_std"] is None else f", within {100 * report['scale_log_std']:.1f} %"
        rows.append(("scale", f"from {report['scale_from']}: {report['scale_times_network']:.3f} times what the "
                              f"network said{spread}"))
    if "ate_se3_m" in report:
        rows.append(("path error (ATE)", f"{report['ate_se3_m']:.3f} m, {report['ate_sim3_m']:.3f} m with scale "
                                         f"{report['ate_scale']:.3f} allowed; path {report['path_m']:.1f} m"))
    if "rpe_1s_m" in report:
        rows.append(("drift in 1 s (RPE)", f"{report['rpe_1s_m']:.3f} m, {report['rpe_1s_deg']:.2f} degrees"))
    if "depth_rel" in report:
        rows.append(("depth error", f"{100 * report['depth_rel']:.1f} % mean, {100 * report['depth_delta1']:.0f} % "
                                    f"within 25 % ({report['depth_images']} images)"))
    for name, times in report["stages"].items():
        rows.append((f"  {name}", f"{times['median_ms']:.2f} ms, 95 %: {times['p95_ms']:.2f} ms"))
    return rows
