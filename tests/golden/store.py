"""Keeps many small arrays in one small file: one flat array per dtype and an index, not a member each."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from core.types import Array, Arrays


def save(path: Path, arrays: Arrays) -> None:
    """Write arrays by name."""
    index = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    flat: dict[str, list[Array]] = {}
    for array in arrays.values():
        flat.setdefault(array.dtype.str, []).append(array.ravel())
    members: dict[str, Any] = {dtype: np.concatenate(parts) for dtype, parts in flat.items()}
    np.savez_compressed(path, index=np.array(json.dumps(index, separators=(",", ":"))), **members)


def load(path: Path) -> Arrays:
    """Read what `save` wrote."""
    arrays: Arrays = {}
    starts: dict[str, int] = {}
    with np.load(path) as saved:
        index = json.loads(str(saved["index"]))
        flat = {dtype: saved[dtype] for dtype in saved.files if dtype != "index"}
    for name, dtype, shape in index:
        start = starts.get(dtype, 0)
        starts[dtype] = end = start + int(np.prod(shape))
        arrays[name] = flat[dtype][start:end].reshape(shape)
    return arrays
