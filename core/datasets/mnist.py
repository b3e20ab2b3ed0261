"""MNIST: which four files make it up, and how a folder with them becomes a data set.

Where the folder is, and how the files get there, is not decided here; `load` is told.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.datasets.base import Dataset, DataSource
from core.datasets.idx import read_idx
from core.options import option
from core.types import Array, DataError, shape_text

MEAN = 0.1307
STANDARD_DEVIATION = 0.3081
CLASSES = 10
IMAGE_SHAPE = (28, 28)


class MnistFile(NamedTuple):
    """One of the four files, as it is once unpacked, and how large its `.gz` is at the public mirrors."""

    name: str
    unpacked_bytes: int
    sha256: str  # of the unpacked bytes, because packers differ
    packed_bytes: int


MNIST_FILES = (
    MnistFile(
        "train-images-idx3-ubyte",
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        9_912_422,
    ),
    MnistFile(
        "train-labels-idx1-ubyte",
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        28_881,
    ),
    MnistFile(
        "t10k-images-idx3-ubyte",
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        1_648_877,
    ),
    MnistFile(
        "t10k-labels-idx1-ubyte",
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        4_542,
    ),
)
"""Train images, train labels, test images, test labels."""


@dataclass(frozen=True)
class Mnist(DataSource):
    """The 70 000 handwritten digits of LeCun, Cortes and Burges, read from a folder with their four files."""

    kind = "mnist"
    title = "MNIST"
    needs_folder = True

    scaling: str = option(
        "unit",
        choices=("unit", "standard"),
        help='"unit" gives pixels from 0 to 1; "standard" gives them mean 0 and standard deviation 1.',
    )

    def load(self, folder: Path | None = None) -> Dataset:
        """Read the four files, plain or `.gz`.

        Shapes:  x (N, 1, 28, 28), float32; targets (N,), int64.
        Formula: "unit": pixel / 255; "standard": (pixel / 255 − 0.1307) / 0.3081.
        Errors:  `DataError` when files are missing, damaged, or do not fit together.
        """
        if folder is None:
            raise DataError("MNIST lies in four files, and no folder is chosen. Open a folder with them or download.")
        train_images, train_labels, test_images, test_labels = mnist_paths(folder)
        x_train, t_train = self._read_pair(train_images, train_labels)
        x_test, t_test = self._read_pair(test_images, test_labels)
        names = tuple(str(digit) for digit in range(CLASSES))
        return Dataset(self.title, x_train, t_train, x_test, t_test, names)

    def _read_pair(self, image_path: Path, label_path: Path) -> tuple[Array, Array]:
        """Images (N, 1, 28, 28) and labels (N,) that belong together."""
        labels = read_idx(label_path)
        images = read_idx(image_path)
        if images.ndim != 3 or images.shape[1:] != IMAGE_SHAPE or len(images) == 0:
            raise DataError(
                f"{image_path} holds {shape_text(images.shape)} bytes, but MNIST needs images of 28×28 pixels. "
                "Open a folder with the original files."
            )
        if labels.shape != images.shape[:1]:
            raise DataError(
                f"{image_path} and {label_path} do not belong together: {len(images)} images and "
                f"{shape_text(labels.shape)} labels. Open a folder with the original files."
            )
        if labels.max() >= CLASSES:
            raise DataError(
                f"{label_path} has the label {labels.max()}, but the labels of MNIST are 0 to 9. "
                "Open a folder with the original files."
            )
        return self._scaled(images)[:, None], labels.astype(np.int64)

    def _scaled(self, images: Array) -> Array:
        x = images.astype(np.float32)
        x /= 255.0
        if self.scaling == "standard":
            x -= MEAN
            x /= STANDARD_DEVIATION
        return x


def missing_files(folder: Path) -> list[str]:
    """The names of the MNIST files that a folder has neither plain nor as `.gz`."""
    return [file.name for file in MNIST_FILES if _find(folder, file.name) is None]


def mnist_paths(folder: Path) -> tuple[Path, ...]:
    """The four files in a folder, in the order of `MNIST_FILES`; raises `DataError` that names the missing ones."""
    paths = [_find(folder, file.name) for file in MNIST_FILES]
    present = tuple(path for path in paths if path is not None)
    if len(present) == len(MNIST_FILES):
        return present
    raise DataError(
        f"The folder {folder} does not hold all of MNIST; missing: {', '.join(missing_files(folder))} "
        "(plain or with .gz). Open the folder that holds the four files, or download them."
    )


def _find(folder: Path, name: str) -> Path | None:
    # Packed first, because that is what a download replaces.
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    return None
