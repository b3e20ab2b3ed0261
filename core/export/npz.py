"""Weights as a NumPy `.npz` file, with the names of a PyTorch `nn.Sequential` state dict ("0.weight").

Reading never unpickles: a file that holds Python objects is refused.
"""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.export.files import complete_file
from core.types import Array, Arrays, DataError

_DAMAGED = (ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, MemoryError)
"""What zipfile and NumPy raise for a file that is cut off, altered, encrypted or speaks of sizes it does not have."""


def write_npz(path: Path, state: Mapping[str, Array]) -> None:
    """Write weights; the file is complete or not there. Errors: DataError when it cannot be written."""
    with complete_file(path, "the weights") as part, part.open("wb") as file:  # to a name NumPy would add .npz
        np.savez(file, allow_pickle=False, **dict(state))


def read_npz(path: Path) -> Arrays:
    """Read weights. Errors: DataError when the file is missing, damaged or holds anything but arrays of numbers."""
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise zipfile.BadZipFile  # what NumPy would take for a single array, or unpickle
            file.seek(0)
            with np.load(file, allow_pickle=False) as members:
                arrays = {name: members[name] for name in members.files}
    except OSError as error:
        raise DataError(f"The weights cannot be read from {path}: {error.strerror or error}.") from error
    except _DAMAGED as error:
        raise DataError(f"{path} is not a file of weights (.npz), or it is damaged: export them again.") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or not np.issubdtype(array.dtype, np.number):
            raise DataError(f"{path} is not a file of weights: {name} is no array of numbers.")
    return arrays
