"""The convolution layer: every output row is a matrix product of the filters and the patches they see."""

import dataclasses
from typing import ClassVar

import numpy as np

from core.layers.base import Layer
from core.layout import batch_first, batch_last, taps
from core.options import option
from core.types import Array, Arrays, OptionError, Shape, output_size


@dataclasses.dataclass(eq=False)
class Conv2D(Layer):
    """Convolution: slides small filters over the image; each output is a weighted sum of one patch, plus a bias.

    Shapes:   x (N, C, H, W), weight (F, C, kh, kw), bias (F,), y (N, F, oh, ow);
              oh = ⌊(H + 2·padding − kh) / stride⌋ + 1, ow likewise; kh = kw = kernel_size
    Formula:  y[n, f, r, s] = Σ_c Σᵢ Σⱼ x[n, c, h, w] · weight[f, c, i, j] + bias[f], with h = r·stride + i − padding
              and w = s·stride + j − padding; x is 0 outside the image
    Gradient: d_weight[f, c, i, j] = Σₙ Σ_r Σ_s dy[n, f, r, s] · x[n, c, h, w], with h = r·stride + i − padding and
              w = s·stride + j − padding;  d_bias[f] = Σₙ Σ_r Σ_s dy[n, f, r, s];
              dx[n, c, h, w] = Σ dy[n, f, r, s] · weight[f, c, i, j] over all f, r, s, i, j that meet in h and w
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
        before, after = self.paddings()
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

    def kept_values(self, in_shape: Shape) -> int:
        (channels, height, _), (_, _, ow) = in_shape, self.out_shape(in_shape)
        return (height + sum(self.paddings())) * channels * self.kernel_size * ow

    def forward(self, x: Array, training: bool, rng: np.random.Generator | None) -> tuple[Array, Arrays]:
        self._check_input(x)
        strips = self._strips(batch_last(x))
        _, oh, ow = self.out_shape(self.in_shape)
        # (i, c, j): the order in which a window of strips lies in memory
        weight = self.params["weight"].transpose(0, 2, 1, 3).reshape(self.filters, -1)
        y = np.empty((self.filters, oh, strips.shape[2]), x.dtype)
        # y[f, r, (s, n)] = Σ_icj weight[f, (i, c, j)] windows[r, (i, c, j), (s, n)], a product for every row r
        np.matmul(weight, windows(strips, self.kernel_size, self.stride, oh), out=y.transpose(1, 0, 2))
        y += self.params["bias"][:, None, None]
        return batch_first(y.reshape(self.filters, oh, ow, len(x))), {"strips": strips}

    def backward(
        self, dy: Array, cache: Arrays, need_dx: bool = True, out: Arrays | None = None
    ) -> tuple[Array | None, Arrays]:
        filters, oh, ow = self.out_shape(self.in_shape)
        n = cache["strips"].shape[2] // ow
        self._check_gradient(dy, (n, filters, oh, ow))
        dy = batch_last(dy).reshape(filters, oh, -1)
        grads = out or {name: np.empty_like(param) for name, param in self.params.items()}
        # d_weight[(i, c, j), f] = Σ_r Σ_sn windows[r, (i, c, j), (s, n)] dy[f, r, (s, n)], a product for every row r
        kernel = self.kernel_size
        d_weight = np.matmul(windows(cache["strips"], kernel, self.stride, oh), dy.transpose(1, 2, 0)).sum(axis=0)
        grads["weight"][...] = d_weight.reshape(kernel, -1, kernel, filters).transpose(3, 1, 0, 2)
        # d_bias[f] = Σ_rsn dy[f, r, (s, n)]; einsum sums along memory four times as fast as sum does.
        np.einsum("frs->f", dy, out=grads["bias"])
        return batch_first(self._spread(dy, n)) if need_dx else None, grads

    def _strips(self, x: Array) -> Array:
        """Every row of the padded image (C, H, W, N) as the filters' columns see it: (rows, C·kw, ow·N)."""
        (channels, height, width, n), kernel = x.shape, self.kernel_size
        (before, after), ow = self.paddings(), self.out_shape(self.in_shape)[2]
        strips = np.empty((before + height + after, channels, kernel, ow, n), x.dtype)
        # What lies outside the image is 0.
        strips[:before] = 0
        strips[before + height :] = 0
        rows = strips[before : before + height].transpose(1, 0, 2, 3, 4)
        for j, (seen, inputs) in enumerate(taps(width, kernel, self.stride, before, ow)):
            rows[:, :, j, : seen.start] = 0
            rows[:, :, j, seen] = x[:, :, inputs]
            rows[:, :, j, seen.stop :] = 0
        return strips.reshape(len(strips), channels * kernel, ow * n)

    def _spread(self, dy: Array, n: int) -> Array:
        """dx (C, H, W, N) from dy (F, oh, ow·N): every dy goes back to the patch it came from, times the filter.

        dx[c, h, w, n] = Σ_j Σ_if weight[f, c, i, j] dy[f, r, s, n], with r and s as in the formula above. The inner sum
        is a matrix product for every row h, with the output rows that saw it; the outer one adds columns, shifted by j.
        """
        (channels, height, width), (filters, oh, length) = self.in_shape, dy.shape
        kernel, stride, padding = self.kernel_size, self.stride, self.paddings()[0]
        # Row h of the image was seen by the rows h … h + kernel − 1 of these, where i falls from kernel − 1 to 0.
        rows = np.empty((height + kernel - 1, filters, length), dy.dtype)
        [(outputs, places)] = taps(len(rows), 1, stride, padding - (kernel - 1), oh)
        rows[places] = dy.transpose(1, 0, 2)[outputs]
        # Where no output row was, there is no gradient: before, behind and, with a stride, between them.
        rows[: places.start] = rows[places.stop :] = 0
        for gap in range(1, stride):
            rows[places.start + gap : places.stop : stride] = 0
        weight = self.params["weight"][:, :, ::-1].transpose(3, 1, 2, 0).reshape(kernel * channels, -1)
        # parts[(j, c), h, (s, n)] = Σ_if weight[f, c, i, j] dy[f, r, (s, n)]
        parts = np.empty((kernel * channels, height, length), dy.dtype)
        np.matmul(weight, windows(rows, kernel, 1, height), out=parts.transpose(1, 0, 2))
        dx = np.zeros((channels, height, width, n), dy.dtype)
        columns = taps(width, kernel, stride, padding, length // n)
        for part, (seen, inputs) in zip(parts.reshape(kernel, channels, height, -1, n), columns, strict=True):
            dx[:, :, inputs] += part[:, :, seen]
        return dx

    def paddings(self) -> tuple[int, int]:
        """Zeros before and after; "same" puts the odd one of an even kernel after, right and below."""
        if isinstance(self.padding, str):
            return (self.kernel_size - 1) // 2, self.kernel_size // 2
        return self.padding, self.padding


def windows(rows: Array, size: int, stride: int, count: int) -> Array:
    """What a window over `size` rows holds at each of `count` places: (n, height, length) → (count, size·height, ·).

    Nothing is copied: windows that overlap share their rows. So the patches of a convolution take kw times the memory
    of the image, not kh·kw times.
    """
    _, height, length = rows.shape
    row, column, entry = rows.strides
    shape, steps = (count, size * height, length), (stride * row, column, entry)
    # As as_strided does, but faster, and refused where a window would leave the memory of the rows.
    seen: Array = np.ndarray(shape, rows.dtype, rows, 0, steps)
    seen.flags.writeable = False
    return seen
