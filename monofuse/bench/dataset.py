"""The data sets that `monofuse bench` knows: which sequences papers report, and where the files are."""

import re
from pathlib import Path
from typing import NamedTuple

from calib.base.errors import SourceError
from sequences.catalogue import recordings_in


class Archive(NamedTuple):
    """A file to download."""

    url: str
    size: int | None = None
    """Bytes, where known."""
    sha256: str | None = None


class Dataset(NamedTuple):
    """A data set and how it is evaluated."""

    title: str
    source: str
    """Name among the sources of `monofuse run`."""
    sequences: dict[str, str]
    """The sequences of published tables: name there -> pattern of the end of its folder."""
    page: str
    """Where it is to be had, and on what terms."""
    archives: tuple[Archive, ...] = ()
    """Files that may be downloaded without asking anyone."""

    def find(self, folder: Path) -> dict[str, str]:
        """Sequences in a folder: name -> source as `monofuse run` takes it; those of published tables first.

        Raises SourceError where there is none, and says where they are to be had."""
        try:
            sources = [source for source in recordings_in(str(folder)) if self._is_mine(source, folder)]
        except (SourceError, OSError):
            sources = []
        if not sources:
            offer = "; --download fetches it" if self.archives else ""
            raise SourceError(f"there is no sequence of {self.title} in {folder}: get it from {self.page}, and give "
                              f"its folder with --data{offer}")
        names = {self._name(source): source for source in sources}
        order = [*self.sequences, *sorted(names)]
        return {name: names[name] for name in dict.fromkeys(order) if name in names}

    def _is_mine(self, source: str, folder: Path) -> bool:
        return source.startswith(f"{self.source}:") or source == str(folder)

    def _name(self, source: str) -> str:
        path = Path(source.removeprefix(f"{self.source}:")).absolute().as_posix()
        parts = Path(path).parts
        own = "_".join(parts[-2:]) if re.fullmatch(r"seq-\d+|\d+", parts[-1]) else parts[-1]
        return next((name for name, pattern in self.sequences.items() if re.search(rf"(^|/){pattern}$", path)), own)


TUM_URL = "https://cvg.cit.tum.de/rgbd/dataset/freiburg1/rgbd_dataset_freiburg1_{}.tgz"
TUM = ("360", "desk", "desk2", "floor", "plant", "room", "rpy", "teddy", "xyz")
TUM_KNOWN = {"xyz": (448204271, "a0236d97b8c30cd93b653656d2b6c293ff7c982a4130ef2a1a8beecdb124ef98"),
             "desk": (None, "e983d6830916e66dc4a46a71368046b149b283de87769690e7aa4e0b9483530c")}
SCENES_URL = "https://download.microsoft.com/download/2/8/5/28564B23-0828-408F-8631-23B1EFF1DAC8/{}.zip"
SCENES = {"chess": "chess", "fire": "fire", "heads": "heads", "office": "office", "pumpkin": "pumpkin",
          "kitchen": "redkitchen", "stairs": "stairs"}
EUROC_URL = "http://robotics.ethz.ch/~asl-datasets/ijrr_euroc_mav_dataset/{0}/{1}/{1}.zip"
EUROC = {"machine_hall": ("MH_01_easy", "MH_02_easy", "MH_03_medium", "MH_04_difficult", "MH_05_difficult"),
         "vicon_room1": ("V1_01_easy", "V1_02_medium", "V1_03_difficult"),
         "vicon_room2": ("V2_01_easy", "V2_02_medium", "V2_03_difficult")}
DATASETS = {
    "tum": Dataset("TUM RGB-D, freiburg1", "tum", {name: f"rgbd_dataset_freiburg1_{name}" for name in TUM},
                   "https://cvg.cit.tum.de/data/datasets/rgbd-dataset (CC BY 4.0)",
                   tuple(Archive(TUM_URL.format(name), *TUM_KNOWN.get(name, ())) for name in TUM)),
    "7scenes": Dataset("7-Scenes, seq-01 of each", "7scenes",
                       {name: f"{folder}/seq-01" for name, folder in SCENES.items()},
                       "https://www.microsoft.com/en-us/research/project/rgb-d-dataset-7-scenes (for research, not "
                       "commercial)", tuple(Archive(SCENES_URL.format(folder)) for folder in SCENES.values())),
    "euroc": Dataset("EuRoC MAV", "euroc", {name[:5].replace("_", ""): name for place in EUROC.values()
                                            for name in place},
                     "https://projects.asl.ethz.ch/datasets", tuple(
                         Archive(EUROC_URL.format(place, name)) for place, names in EUROC.items() for name in names)),
    "icl": Dataset("ICL-NUIM", "icl", {f"lr{k}": rf"living_room_traj{k}\w*" for k in range(4)} |
                   {f"of{k}": rf"(office_room_)?traj{k}\w*" for k in range(4)},
                   "https://www.doc.ic.ac.uk/~ahanda/VaFRIC/iclnuim.html (CC BY 3.0)"),
    "replica": Dataset("Replica, as rendered for NICE-SLAM", "replica",
                       {name: name for name in ("room0", "room1", "room2", *(f"office{k}" for k in range(5)))},
                       "https://github.com/facebookresearch/Replica-Dataset (for research)",
                       (Archive("https://cvg-data.inf.ethz.ch/nice-slam/data/Replica.zip"),)),
    "scannet": Dataset("ScanNet", "scannet",
                       {name: f"scene{name}_00" for name in ("0000", "0059", "0106", "0169", "0181", "0207")},
                       "http://www.scan-net.org (after signing its terms of use)"),
    "kitti": Dataset("KITTI odometry", "kitti", {f"{k:02d}": f"sequences/{k:02d}" for k in range(11)},
                     "https://www.cvlibs.net/datasets/kitti/eval_odometry.php (after registration; CC BY-NC-SA 3.0)"),
}
