"""Weights as a NumPy `.npz` file, with the names of a PyTorch `nn.Sequential` state dict ("0.weight").

Reading never unpickles: a file that holds Python objects is refused.
"""

import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.types import Array, Arrays, DataError


def write_npz(path: Path, state: Mapping[str, Array]) -> None:
    """Write weights; the file is complete or not there. Errors: DataError when it cannot be written."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as file:
            np.savez(file, allow_pickle=False, **dict(state))
        os.replace(file.name, path)
    except OSError as error:
        raise DataError(
            f"The weights cannot be written to {path}: {error.strerror or error}. Choose another folder."
        ) from error


def read_npz(path: Path) -> Arrays:
    """Read weights. Errors: DataError when the file is missing, damaged or holds anything but arrays of numbers."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except OSError as error:
        raise DataError(f"The weights cannot be read from {path}: {error.strerror or error}.") from error
    except (ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise DataError(f"{path} is not a file of weights: {error}.") from error
