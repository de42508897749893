"""Pictures of a trajectory's errors. The one file that needs matplotlib."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from calib.base.errors import MissingPackageError, OutputError
from calib.geometry.sim3 import umeyama

NAMES = ("trajectory.png", "error_over_time.png", "error_map.png")
DPI = 120
AXES = "xyz"


class Compared(NamedTuple):
    """An estimated and a true trajectory at matched times, the estimate aligned to the truth."""

    times_s: np.ndarray
    """(N,) since the first one."""
    estimate: np.ndarray
    """(N, 3) positions in metres, aligned by rotation, translation and scale."""
    ground_truth: np.ndarray
    """(N, 3) positions in metres."""

    @property
    def errors_m(self) -> np.ndarray:
        """(N,) distances."""
        return np.linalg.norm(self.estimate - self.ground_truth, axis=1)


def compared(times_s: np.ndarray, estimate: np.ndarray, ground_truth: np.ndarray) -> Compared:
    """Matched times (N,) and positions (N, 3) -> Compared, after Sim(3) alignment"""
    scale, R, t = umeyama(estimate, ground_truth, True)
    return Compared(times_s - times_s[0], scale * estimate @ R.T + t, ground_truth)


def draw_plots(pair: Compared, folder: Path) -> list[Path]:
    """Write the pictures that NAMES names into a folder -> their paths

    Raises MissingPackageError without matplotlib, OutputError where they cannot be written."""
    try:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError as error:
        raise MissingPackageError("matplotlib", f"--plots ({error})") from error
    paths = [folder / name for name in NAMES]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, draw in zip(paths, (_trajectory, _over_time, _map)):
            _save(pyplot, path, draw, pair)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}; choose another --plots") from error
    return paths


def _save(pyplot: Any, path: Path, draw: Callable[[Any, Compared], None], pair: Compared) -> None:
    figure = pyplot.figure(figsize=(8, 6), layout="constrained")
    try:
        draw(figure, pair)
        figure.savefig(path, dpi=DPI, metadata={"Software": None})  # its version would change the bytes
    finally:
        pyplot.close(figure)


def _trajectory(figure: Any, pair: Compared) -> None:
    """From the side on which the trajectory is widest."""
    a, b = _widest(pair)
    plot = figure.subplots()
    plot.plot(pair.ground_truth[:, a], pair.ground_truth[:, b], "--", color="0.4", label="ground truth")
    plot.plot(pair.estimate[:, a], pair.estimate[:, b], color="tab:blue", label="estimate, aligned by Sim(3)")
    plot.plot(*pair.ground_truth[0, [a, b]], "o", color="0.2", label="start")
    _label(plot, a, b)
    plot.legend()


def _over_time(figure: Any, pair: Compared) -> None:
    whole, *parts = figure.subplots(4, sharex=True)
    rmse_m = np.sqrt(np.square(pair.errors_m).mean())
    whole.plot(pair.times_s, pair.errors_m, color="tab:red")
    whole.axhline(rmse_m, color="0.4", linestyle="--", label=f"RMSE {rmse_m:.3f} m")
    whole.set_ylabel("error, m")
    whole.legend()
    for axis, part in enumerate(parts):
        part.plot(pair.times_s, pair.ground_truth[:, axis], "--", color="0.4")
        part.plot(pair.times_s, pair.estimate[:, axis], color="tab:blue")
        part.set_ylabel(f"{AXES[axis]}, m")
    parts[-1].set_xlabel("time, s")


def _map(figure: Any, pair: Compared) -> None:
    a, b = _widest(pair)
    plot = figure.subplots()
    plot.plot(pair.ground_truth[:, a], pair.ground_truth[:, b], "--", color="0.7")
    points = plot.scatter(pair.estimate[:, a], pair.estimate[:, b], c=pair.errors_m, s=8, cmap="turbo")
    figure.colorbar(points, label="error, m")
    _label(plot, a, b)


def _widest(pair: Compared) -> tuple[int, int]:
    """The two axes along which the true trajectory is longest, in their order."""
    a, b = np.sort(np.argsort(-np.ptp(pair.ground_truth, axis=0), kind="stable")[:2])
    return int(a), int(b)


def _label(plot: Any, a: int, b: int) -> None:
    plot.set_aspect("equal", adjustable="datalim")
    plot.set_xlabel(f"{AXES[a]}, m")
    plot.set_ylabel(f"{AXES[b]}, m")
    plot.grid(alpha=0.3)
