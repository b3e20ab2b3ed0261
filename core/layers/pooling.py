"""Pooling: makes images smaller by taking the largest value or the mean of each window."""

import dataclasses
import math
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import numpy as np

from core.layers.base import Layer
from core.layers.choose import bits, keep
from core.layout import Index, batch_first, batch_last, taps_2d
from core.options import option
from core.types import Array, Arrays, OptionError, Shape, output_size


class Pool2D(Layer):
    """What the two sliding poolings share: a window, its stride and its padding."""

    kernel_size: int
    stride: int | None
    padding: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.padding > self.kernel_size / 2:
            raise OptionError(
                f"{self.title}: a padding of {self.padding} is more than half the kernel of {self.kernel_size}: "
                f"choose a padding of at most {self.kernel_size // 2}."
            )

    def out_shape(self, in_shape: Shape) -> Shape:
        if len(in_shape) != 3:
            raise self._refuse("an image (channels × height × width)", in_shape)
        channels, height, width = in_shape
        if self.kernel_size > min(height, width) + 2 * self.padding:
            raise self._refuse(f"an image at least as large as its window of {self.kernel_size}", in_shape)
        return channels, *(output_size(size, self.kernel_size, self._step, self.padding) for size in (height, width))

    @property
    def _step(self) -> int:
        return self.stride or self.kernel_size

    def _windows(self, positions: Shape) -> tuple[tuple[Index, Index], ...]:
        """For each place in the window, row by row: which outputs see something there, and which inputs they see."""
        return taps_2d(self.in_shape[1:], self.kernel_size, self._step, self.padding, positions)

    def _collect(self, parts: Iterable[tuple[Index, Array]], shape: Shape, dtype: Any) -> Array:
        """dx (C, H, W, N) from what each place in the window gives to its inputs."""
        kernel = self.kernel_size
        if self._step == kernel and not self.padding and all(size % kernel == 0 for size in shape[1:3]):
            # Every input is seen exactly once: putting is enough, and faster than adding to zeros.
            dx = np.empty(shape, dtype)
            for inputs, part in parts:
                dx[inputs] = part
        else:
            dx = np.zeros(shape, dtype)
            for inputs, part in parts:
                dx[inputs] += part
        return dx


@dataclasses.dataclass(eq=False)
class MaxPool2D(Pool2D):
    """Takes the largest value of each window; only that value learns from the window's gradient.

    Shapes:   x (N, C, H, W), y (N, C, oh, ow); oh = ⌊(H + 2·padding − kernel_size) / stride⌋ + 1, ow likewise
    Formula:  y[n, c, r, s] = max over i, j of x[n, c, r·stride + i − padding, s·stride + j − padding], where that lies
              inside the image
    Gradient: dy goes to the first largest value of its window, row by row; all others get exactly 0
    Note:     a window that holds NaN gives NaN, and its dy goes to its last place, or to nobody where that lies outside
              the image
    Errors:   ShapeError when a sample is not an image or smaller than the window; OptionError for a padding of more
              than half the kernel
    Source:   `torch.nn.MaxPool2d`
    """

    kind: ClassVar[str] = "max_pool2d"
    title: ClassVar[str] = "MaxPool2D"

    kernel_size: int = option(minimum=1, help="Height and width of the window, in pixels.")
    stride: int | None = option(
        None,
        minimum=1,
        open_means="as kernel size",
        help="How many pixels the window moves; empty: as far as it is large.",
    )
    padding: int = option(0, minimum=0, help="Rows and columns around the image that never win.")

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        x = batch_last(x)
        _, oh, ow = self.out_shape(self.in_shape)
        windows = self._windows((oh, ow))
        if self.padding:
            y = np.full((len(x), oh, ow, x.shape[3]), -np.inf, x.dtype)
            for outputs, inputs in windows:
                np.maximum(y[outputs], x[inputs], out=y[outputs])
        else:  # every window sees all of its places
            y = np.maximum(x[windows[0][1]], x[windows[-1][1]])
            for _, inputs in windows[1:-1]:
                np.maximum(y, x[inputs], out=y)
        return batch_first(y), {"x": batch_first(x), "y": batch_first(y)}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        if not need_dx:
            return None, {}
        self._check_gradient(dy, cache["y"].shape)
        x, y = batch_last(cache["x"]), batch_last(cache["y"])
        return batch_first(self._collect(self._winners(x, y, batch_last(dy)), x.shape, dy.dtype)), {}

    def _winners(self, x: Array, y: Array, dy: Array) -> Iterator[tuple[Index, Array]]:
        """For each place in the window, row by row: its inputs, and the gradient of those that are first maxima."""
        left = dy.copy()
        *windows, (last_outputs, last_inputs) = self._windows(y.shape[1:3])
        for outputs, inputs in windows:
            here = left[outputs]
            taken = keep(x[inputs] == y[outputs], here)
            rest = bits(here)
            rest ^= bits(taken)  # what is taken leaves 0 behind
            yield inputs, taken
        # Whatever nobody took belongs to the last place; with padding some windows have none, and nothing is left.
        yield last_inputs, left[last_outputs]


@dataclasses.dataclass(eq=False)
class AvgPool2D(Pool2D):
    """Takes the mean of each window.

    Shapes:   x (N, C, H, W), y (N, C, oh, ow); oh = ⌊(H + 2·padding − kernel_size) / stride⌋ + 1, ow likewise
    Formula:  y[n, c, r, s] = Σᵢ Σⱼ x[n, c, r·stride + i − padding, s·stride + j − padding] / kernel_size², where x is 0
              outside the image
    Gradient: every x of a window gets dy / kernel_size² from it
    Errors:   ShapeError when a sample is not an image or smaller than the window; OptionError for a padding of more
              than half the kernel
    Source:   `torch.nn.AvgPool2d` (the padding counts in the mean)
    """

    kind: ClassVar[str] = "avg_pool2d"
    title: ClassVar[str] = "AvgPool2D"

    kernel_size: int = option(minimum=1, help="Height and width of the window, in pixels.")
    stride: int | None = option(
        None,
        minimum=1,
        open_means="as kernel size",
        help="How many pixels the window moves; empty: as far as it is large.",
    )
    padding: int = option(0, minimum=0, help="Rows and columns of zeros around the image, which count in the mean.")

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        x = batch_last(x)
        channels, oh, ow = self.out_shape(self.in_shape)
        y = np.zeros((channels, oh, ow, x.shape[3]), x.dtype)
        for outputs, inputs in self._windows(y.shape[1:3]):
            y[outputs] += x[inputs]
        y /= self.kernel_size**2
        return batch_first(y), {}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        if not need_dx:
            return None, {}
        self._check_gradients(dy)
        share = batch_last(dy) / self.kernel_size**2
        windows = self._windows(share.shape[1:3])
        parts = ((inputs, share[outputs]) for outputs, inputs in windows)
        return batch_first(self._collect(parts, (*self.in_shape, len(dy)), dy.dtype)), {}


@dataclasses.dataclass(eq=False)
class GlobalAvgPool2D(Layer):
    """Takes the mean of each channel over the whole image.

    Shapes:   x (N, C, H, W), y (N, C)
    Formula:  y[n, c] = Σᵢ Σⱼ x[n, c, i, j] / (H·W)
    Gradient: dx[n, c, i, j] = dy[n, c] / (H·W)
    Errors:   ShapeError when a sample is not an image
    Source:   `torch.nn.AdaptiveAvgPool2d(1)`; Lin, Chen and Yan 2014, "Network in Network"
    """

    kind: ClassVar[str] = "global_avg_pool2d"
    title: ClassVar[str] = "GlobalAvgPool2D"

    def out_shape(self, in_shape: Shape) -> Shape:
        if len(in_shape) != 3:
            raise self._refuse("an image (channels × height × width)", in_shape)
        return in_shape[:1]

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        # One axis after the other: a single sum over all pixels loses digits, see `sample_means`.
        sums = np.add.reduce(np.add.reduce(batch_last(x), axis=1), axis=1)
        sums /= math.prod(self.in_shape[1:])
        return sums.T, {}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        if not need_dx:
            return None, {}
        self._check_gradients(dy)
        channels, height, width = self.in_shape
        dx = np.empty((channels, height, width, len(dy)), dy.dtype)
        dx[...] = (dy.T / (height * width))[:, None, None, :]
        return batch_first(dx), {}
