"""NYU Depth v2's labelled pairs as published: `nyu_depth_v2_labeled.mat` (HDF5) with `splits.mat` next to it."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from calib.base.errors import BadInputError, MissingPackageError
from calib.files.bounded_file import refuse_endless
from calib.geometry.nyu_kinect import NYU_CAMERA
from depth.data.matlab_file import read_array
from depth.data.nyu_folder import NYU_BORDER, NYU_LICENCE
from depth.data.options import Choices
from depth.data.sample import Sample
from depth.data.split import chosen


class NyuLabelled:
    """A depth.data.sample.DepthDataset; `train` and `val` share the official 795 images, `test` has 654."""

    border, farthest_m, protocol, licence = NYU_BORDER, math.inf, "nyu", NYU_LICENCE
    options: ClassVar[Choices] = {"depths": ("depths", "rawDepths")}

    def __init__(self, path: str | Path, split: str = "all", depths: str = "depths") -> None:
        """Open the .mat file `path` or that of a folder. `depths`: `depths` (filled in) or `rawDepths` (holes)."""
        path = Path(path)
        self.path = path / "nyu_depth_v2_labeled.mat" if path.is_dir() else path
        self.name, self.depths = "nyu_labelled", depths
        with self._opened() as file:
            missing = {"images", depths} - set(file)
            if missing:
                raise BadInputError(f"{self.path} lacks {', '.join(sorted(missing))}: it is not NYU's labelled dataset")
            count = len(file["images"])
        numbers = list(range(count))
        names = [f"{number:05d}" for number in numbers]
        tests = None if split == "all" else self._test_indices(count)
        self.numbers = chosen(names, numbers, split, self.path, tests)
        self.names = [names[number] for number in self.numbers]

    @staticmethod
    def recognises(path: str | Path) -> bool:
        path = Path(path)
        return path.name == "nyu_depth_v2_labeled.mat" or (path / "nyu_depth_v2_labeled.mat").is_file()

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Sample:
        with self._opened() as file:  # each time anew, since worker processes must not share a handle
            rgb = np.ascontiguousarray(file["images"][self.numbers[index]].transpose(2, 1, 0))
            depth_m = np.ascontiguousarray(file[self.depths][self.numbers[index]].T, np.float32)
        camera = NYU_CAMERA.fitted_to(rgb.shape[:2])
        return Sample(rgb, camera, depth_m, camera)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """A `with` block with an h5py.File, whose members are arrays in NYU's file and may be anything in another."""
        try:
            import h5py
        except ImportError:
            raise MissingPackageError("h5py", "reading NYU's .mat file") from None
        if not self.path.exists():
            raise BadInputError(f"{self.path.parent} has no {self.path.name}, the file of NYU's labelled dataset")
        refuse_endless(self.path)
        try:
            with h5py.File(self.path, "r") as file:
                yield file
        except (OSError, RuntimeError, KeyError) as error:  # the latter two: damage behind the beginning
            raise BadInputError(f"{self.path} cannot be read as HDF5: {str(error).splitlines()[0]}") from error

    def _test_indices(self, count):
        """Numbers, from 0, of the official test images; the file counts from 1."""
        path = self.path.with_name("splits.mat")
        if not path.is_file():
            raise BadInputError(f"{path} is needed for --split train, val and test: put NYU's splits.mat next to "
                                f"{self.path.name}, or choose --split all")
        tests = read_array(path, "testNdxs").ravel().astype(int) - 1
        if tests.size and not 0 <= tests.min() <= tests.max() < count:
            raise BadInputError(f"{path} names images that {self.path.name} does not have")
        return tests.tolist()
