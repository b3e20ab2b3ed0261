"""The convolution layer: patches of the image as the columns of a matrix, and one matrix product."""

import dataclasses
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from core.layers.base import Layer
from core.layout import batch_first, batch_last, taps
from core.options import option
from core.types import Array, Arrays, OptionError, Shape, output_size

_PATCH_BYTES = 6 * 2**20
"""How large a matrix of patches may be: a larger batch is done in bands of rows, so that memory stays bounded and the
patches are still in the processor's cache when they are multiplied."""


@dataclasses.dataclass(eq=False)
class Conv2D(Layer):
    """Convolution: slides small filters over the image; each output is a weighted sum of one patch, plus a bias.

    Shapes:   x (N, C, H, W), weight (F, C, kh, kw), bias (F,), y (N, F, oh, ow);
              oh = ⌊(H + 2·padding − kh) / stride⌋ + 1, ow likewise; kh = kw = kernel_size
    Formula:  y[n, f, r, s] = Σ_c Σᵢ Σⱼ x[n, c, h, w] · weight[f, c, i, j] + bias[f], with h = r·stride + i − padding
              and w = s·stride + j − padding; x is 0 outside the image
    Gradient: with the same h and w: d_weight[f, c, i, j] = Σₙ Σ_r Σ_s dy[n, f, r, s] · x[n, c, h, w];
              d_bias[f] = Σₙ Σ_r Σ_s dy[n, f, r, s];  dx[n, c, h, w] = Σ dy[n, f, r, s] · weight[f, c, i, j] over all
              f, r, s, i, j that meet in h and w
    Errors:   ShapeError when a sample is not an image or the kernel is larger than the padded image;
              OptionError for "same" with a stride above 1
    Source:   `torch.nn.Conv2d` (a cross-correlation: the filter is not flipped); LeCun et al. 1998
    """

    kind: ClassVar[str] = "conv2d"
    title: ClassVar[str] = "Conv2D"

    filters: int = option(minimum=1, help="How many filters there are; each gives one output channel.")
    kernel_size: int = option(minimum=1, help="Height and width of each filter, in pixels.")
    stride: int = option(1, minimum=1, help="How many pixels the filter moves at a time.")
    padding: int | str = option(
        0, minimum=0, choices=("same",), help='Rows and columns of zeros around the image; "same" keeps the image size.'
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.padding == "same" and self.stride > 1:
            raise OptionError(
                f'Conv2D: padding "same" keeps the size of the image, which a stride of {self.stride} cannot: '
                f"choose stride 1 or a padding in numbers."
            )

    def out_shape(self, in_shape: Shape) -> Shape:
        if len(in_shape) != 3:
            raise self._refuse("an image (channels × height × width)", in_shape)
        _, height, width = in_shape
        before, after = self._paddings()
        if self.kernel_size > min(height, width) + before + after:
            with_padding = f" with its padding of {before}" if before else ""
            raise self._refuse(
                f"an image{with_padding} at least as large as its kernel of {self.kernel_size}", in_shape
            )
        return (
            self.filters,
            *(output_size(size + before + after, self.kernel_size, self.stride, 0) for size in (height, width)),
        )

    def param_shapes(self, in_shape: Shape) -> dict[str, Shape]:
        return {"weight": (self.filters, in_shape[0], self.kernel_size, self.kernel_size), "bias": (self.filters,)}

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        x = batch_last(x)
        _, oh, ow = self.out_shape(self.in_shape)
        weight = self.params["weight"].reshape(self.filters, -1)
        y = np.empty((self.filters, oh, ow, x.shape[3]), x.dtype)
        # y[f, (r, s, n)] = Σ_cij weight[f, (c, i, j)] patches[(c, i, j), (r, s, n)]
        cache = {"x": batch_first(x)}
        for rows, patches in self._patches(x, oh, ow):
            np.matmul(weight, patches, out=y[:, rows].reshape(self.filters, -1))
            if rows == slice(0, oh):  # small enough to be kept for backward
                cache["patches"] = patches
        y += self.params["bias"][:, None, None, None]
        return batch_first(y), cache

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        x, dy = batch_last(cache["x"]), batch_last(dy)
        filters, oh, ow, n = dy.shape
        grads = out or {name: np.empty_like(param) for name, param in self.params.items()}
        # d_weight[f, (c, i, j)] = Σ_rsn dy[f, (r, s, n)] patches[(c, i, j), (r, s, n)]
        d_weight = np.zeros((grads["weight"].size // filters, filters), dy.dtype)
        kept = [(slice(0, oh), cache["patches"])] if "patches" in cache else None
        for rows, patches in kept or self._patches(x, oh, ow):
            d_weight += patches @ dy[:, rows].reshape(filters, -1).T
        grads["weight"].reshape(filters, -1)[...] = d_weight.T
        # d_bias[f] = Σ_rsn dy[f, (r, s, n)]; as a product with ones, because BLAS sums faster than NumPy.
        np.matmul(dy.reshape(filters, -1), np.ones(oh * ow * n, dy.dtype), out=grads["bias"])
        return batch_first(self._spread(dy, x.shape)) if need_dx else None, grads

    def _patches(self, x: Array, oh: int, ow: int) -> Iterator[tuple[slice, Array]]:
        """For each band of output rows, what the filters see there: (C·kh·kw, rows·ow·N), for x (C, H, W, N)."""
        (channels, height, width, n), kernel, stride = x.shape, self.kernel_size, self.stride
        padding = self._paddings()[0]
        columns = taps(width, kernel, stride, padding, ow)
        for band in _bands(oh, channels * kernel**2 * ow * n * x.itemsize):
            count = band.stop - band.start
            patches = np.empty((channels, kernel, kernel, count, ow, n), x.dtype)
            rows = taps(height, kernel, stride, padding - band.start * stride, count)
            # What lies outside the image is 0.
            for i, (inside, _) in enumerate(rows):
                patches[:, i, :, : inside.start] = 0
                patches[:, i, :, inside.stop :] = 0
            for j, (inside, _) in enumerate(columns):
                patches[:, :, j, :, : inside.start] = 0
                patches[:, :, j, :, inside.stop :] = 0
            for i, (out_rows, in_rows) in enumerate(rows):
                for j, (out_columns, in_columns) in enumerate(columns):
                    patches[:, i, j, out_rows, out_columns] = x[:, in_rows, in_columns]
            yield band, patches.reshape(channels * kernel**2, -1)

    def _spread(self, dy: Array, x_shape: Shape) -> Array:
        """dx (C, H, W, N): every dy goes back to the patch it came from, times the filter.

        dx[c, h, w, n] = Σ_j Σ_if weight[f, c, i, j] dy[f, r, s, n], with r and s as in the formula above. The inner sum
        is a matrix product, with the output rows that saw row h gathered; the outer one adds columns, shifted by j.
        """
        (channels, height, width, n), (filters, oh, ow, _) = x_shape, dy.shape
        kernel, stride, padding = self.kernel_size, self.stride, self._paddings()[0]
        weight = self.params["weight"].transpose(3, 1, 2, 0).reshape(kernel * channels, kernel * filters)
        columns = taps(width, kernel, stride, padding, ow)
        dx = np.zeros(x_shape, dy.dtype)
        for band in _bands(height, filters * kernel * ow * n * dy.itemsize):
            rows = band.stop - band.start
            gathered = (np.empty if stride == 1 else np.zeros)((kernel, filters, rows, ow, n), dy.dtype)
            for i, (out_rows, in_rows) in enumerate(taps(rows, kernel, stride, padding + band.start, oh)):
                gathered[i, :, : in_rows.start] = 0
                gathered[i, :, in_rows] = dy[:, out_rows]
                gathered[i, :, in_rows.stop :] = 0
            # parts[(j, c), (h, s, n)] = Σ_if weight[f, c, i, j] gathered[(i, f), (h, s, n)]
            parts = (weight @ gathered.reshape(kernel * filters, -1)).reshape(kernel, channels, rows, ow, n)
            for part, (out_columns, in_columns) in zip(parts, columns, strict=True):
                dx[:, band, in_columns] += part[:, :, out_columns]
        return dx

    def _paddings(self) -> tuple[int, int]:
        """Zeros before and after; "same" puts the odd one of an even kernel after, right and below."""
        if isinstance(self.padding, str):
            return (self.kernel_size - 1) // 2, self.kernel_size // 2
        return self.padding, self.padding


def _bands(rows: int, bytes_per_row: int) -> Iterator[slice]:
    """Cut `rows` rows into bands that stay within `_PATCH_BYTES`, if that is possible."""
    step = max(1, _PATCH_BYTES // bytes_per_row)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
