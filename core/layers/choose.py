"""Choosing between values by a mask, exactly and without a branch.

`np.where` guesses the mask one entry after the other, and on random masks it guesses wrong half the time: ten times
slower than arithmetic. Arithmetic on floats would turn 0 · inf into NaN, so it is done on their bits, as integers.
"""

from core.types import Array


def bits(values: Array) -> Array:
    """The same memory, read as integers of the same size."""
    return values.view(f"i{values.itemsize}")


def keep(mask: Array, values: Array) -> Array:
    """`values` where the mask is true, elsewhere exactly 0."""
    kept = mask.astype(bits(values).dtype)
    kept *= bits(values)
    return kept.view(values.dtype)


def choose(mask: Array, yes: Array, no: Array) -> Array:
    """`yes` where the mask is true, elsewhere `no`; all of one shape."""
    mixed = bits(yes) ^ bits(no)
    mixed *= mask
    mixed ^= bits(no)
    return mixed.view(yes.dtype)
