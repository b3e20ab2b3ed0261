"""Zero, one and infinity as arrays, for the few lines that every training step of a small network runs through.

NumPy takes longer to find out what a Python number is than to compute with eight values. As arrays of float32 they
widen no result: float32 stays float32, and float64 stays float64.
"""

import math

import numpy as np

from core.types import Array


def _constant(value: float) -> Array:
    array = np.array(value, np.float32)
    array.flags.writeable = False
    return array


ZERO, ONE, INFINITY = _constant(0.0), _constant(1.0), _constant(math.inf)
