"""How image tensors lie in memory, and which inputs a sliding window meets.

Images have PyTorch's shape (N, C, H, W), but their values lie in the order C, H, W, N: with the batch as the fastest
axis, one step of a window is a copy of long runs, and what the filters see from a row of outputs is a plain matrix.
"""

import functools
import math

import numpy as np

from core.types import Array

Index = tuple[slice, ...]

_RESERVE_BYTES = 31 * 2**20  # just below the 32 MB above which the C library of Linux never keeps freed memory


def batch_last(images: Array) -> Array:
    """Images (N, C, H, W) seen as a contiguous (C, H, W, N); copied only when they lie in another order."""
    return np.ascontiguousarray(images.transpose(1, 2, 3, 0))


def batch_first(images: Array) -> Array:
    """A (C, H, W, N) array seen as images (N, C, H, W); never a copy."""
    return images.transpose(3, 0, 1, 2)


def sample_means(values: Array) -> Array:
    """The mean of every sample (N, ...) over all its axes, which stay with size 1: one axis after the other.

    With the batch as the fastest axis NumPy adds a sample's values up one by one, and in float32 a sum of thousands
    loses a digit or two. Several short sums lose none, and run over longer rows.
    """
    sums = values
    for axis in range(1, values.ndim):
        sums = np.add.reduce(sums, axis=axis, keepdims=True)
    return sums / math.prod(values.shape[1:])


def keep_freed_memory() -> None:
    """Teach the C library to keep the memory a training step frees, for the next step, instead of giving it back.

    A step on images needs and frees tens of megabytes; fetched anew every time, page by page, they take longer than the
    arithmetic on them. On Linux, freeing one large array raises the limit up to which freed memory is kept (the dynamic
    threshold described in `man mallopt`); the array itself is never touched. Elsewhere nothing happens.
    """
    np.empty(_RESERVE_BYTES, np.uint8)


def draw_like(like: Array, rng: np.random.Generator) -> Array:
    """Uniform random numbers in [0, 1), float32, of the shape and the memory order of `like`.

    A generator fills memory from front to back; numbers drawn in another order would make every later step slow.
    """
    axes = sorted(range(like.ndim), key=lambda axis: -like.strides[axis])
    drawn = rng.random([like.shape[axis] for axis in axes], dtype=np.float32)
    return drawn.transpose(np.argsort(axes))


@functools.lru_cache(maxsize=256)  # asked in every step, and always the same for a layer
def taps(size: int, kernel: int, stride: int, padding: int, positions: int) -> tuple[tuple[slice, slice], ...]:
    """For each offset in the window: the positions whose input there is inside the image, and those inputs.

    Along one axis, position o looks at input o·stride + offset − padding; the two slices go together, entry by entry.
    """
    pairs = []
    for offset in range(kernel):
        shift = offset - padding
        first = max(0, -(shift // stride))  # the smallest o with o·stride + shift ≥ 0
        last = min(positions - 1, (size - 1 - shift) // stride)
        count = max(0, last - first + 1)
        start = first * stride + shift
        pairs.append(
            (slice(first, first + count), slice(start, start + count * stride, stride) if count else slice(0, 0))
        )
    return tuple(pairs)


@functools.lru_cache(maxsize=16)
def taps_2d(
    image: tuple[int, int], kernel: int, stride: int, padding: int, positions: tuple[int, int]
) -> tuple[tuple[Index, Index], ...]:
    """The same for a square window over (C, H, W, N) arrays, row by row: indices of the outputs and of the inputs."""
    rows, columns = (taps(size, kernel, stride, padding, count) for size, count in zip(image, positions, strict=True))
    return tuple(
        ((slice(None), out_rows, out_columns), (slice(None), in_rows, in_columns))
        for out_rows, in_rows in rows
        for out_columns, in_columns in columns
    )
