"""What a data set is: samples and targets, split into train and test, and the options that made it.

A source is chosen and saved by its options (`DataSource`); loading it gives the arrays (`Dataset`). Sources that are
computed need nothing else; sources that lie in files are told the folder and never look for one themselves.
"""

import dataclasses
from pathlib import Path
from typing import ClassVar

import numpy as np

from core.options import Configurable
from core.types import Array, DataError, Shape
from core.words import said


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Samples and targets, read-only, the first axis counting samples.

    Shapes:  x (N, features) or (N, C, H, W), float32; targets of classes (N,), int64, values 0 … classes−1;
             targets of a regression (N, outputs), float32.
    Errors:  DataError when one of the four is no array of numbers
    """

    title: str
    x_train: Array
    t_train: Array
    x_test: Array
    t_test: Array
    class_names: tuple[str, ...] = ()  # empty for a regression

    def __post_init__(self) -> None:
        for name in ("x_train", "t_train", "x_test", "t_test"):
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or not np.issubdtype(array.dtype, np.number):
                raise DataError(f"{self.title}: {name} must be a NumPy array of numbers, not {said(array)}.")
            array.flags.writeable = False

    @property
    def input_shape(self) -> Shape:
        """The shape of one sample."""
        return self.x_train.shape[1:]

    @property
    def is_regression(self) -> bool:
        """Whether the targets are numbers to hit rather than classes to tell apart."""
        return not self.class_names

    @property
    def is_plane(self) -> bool:
        """Whether a sample is a point of the plane, so that an output can be drawn over the plane."""
        return self.input_shape == (2,)

    @property
    def is_image(self) -> bool:
        """Whether a sample is a picture of shape (C, H, W)."""
        return len(self.input_shape) == 3


class DataSource(Configurable):
    """The choice of a data set; subclasses are frozen dataclasses of options."""

    needs_folder: ClassVar[bool] = False
    """Whether `load` has to be told a folder with the files."""

    is_slow: ClassVar[bool] = False
    """Whether `load` takes longer than a person would wait without being told."""

    def load(self, folder: Path | None = None) -> Dataset:
        """The arrays; the same options give the same bits. Raises `DataError` where files are missing or damaged."""
        raise NotImplementedError
