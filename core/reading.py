"""Convolution and pooling as the textbook writes them: one window after the other, nothing clever.

The fast layers compute the same numbers in another order. These loops are what their tests compare them with, and the
version to read when one wants to know what a layer does.
"""

from typing import Literal

import numpy as np

from core.types import Array, output_size

Padding = int | Literal["same"]


def conv2d_forward(x: Array, weight: Array, bias: Array, stride: int, padding: Padding) -> Array:
    """Slide every kernel over the image; an output is the sum of the products of window and kernel, plus the bias.

    Shapes:   x (N, C, H, W), weight (out, C, kh, kw), bias (out,), result (N, out, oh, ow)
    Formula:  y[n, o, i, j] = Σ_c Σ_u Σ_v padded[n, c, i·stride + u, j·stride + v] · weight[o, c, u, v] + bias[o]
    """
    kernel = weight.shape[2]
    padded = pad(x, kernel, padding, value=0)
    y = np.zeros((len(x), len(weight), *_positions(padded, kernel, stride)), x.dtype)
    for n, o, i, j in np.ndindex(y.shape):
        rows, columns = _window(i, kernel, stride), _window(j, kernel, stride)
        y[n, o, i, j] = (padded[n, :, rows, columns] * weight[o]).sum() + bias[o]
    return y


def conv2d_backward(dy: Array, x: Array, weight: Array, stride: int, padding: Padding) -> tuple[Array, Array, Array]:
    """Every output hands its gradient to what it was computed from: to the window, times the kernel, and vice versa.

    Shapes:   dy (N, out, oh, ow), x (N, C, H, W), weight (out, C, kh, kw); result: dx, d_weight and d_bias, shaped
              like x, weight and bias
    """
    kernel = weight.shape[2]
    padded = pad(x, kernel, padding, value=0)
    d_padded, d_weight = np.zeros_like(padded), np.zeros_like(weight)
    d_bias = np.zeros(len(weight), weight.dtype)
    for n, o, i, j in np.ndindex(dy.shape):
        rows, columns = _window(i, kernel, stride), _window(j, kernel, stride)
        d_padded[n, :, rows, columns] += dy[n, o, i, j] * weight[o]
        d_weight[o] += dy[n, o, i, j] * padded[n, :, rows, columns]
        d_bias[o] += dy[n, o, i, j]
    return crop(d_padded, x, kernel, padding), d_weight, d_bias


def max_pool2d_forward(x: Array, kernel: int, stride: int, padding: int) -> Array:
    """The largest value of every window; around the image stands −∞, which is never the largest.

    Shapes:   x (N, C, H, W), result (N, C, oh, ow)
    Formula:  y[n, c, i, j] = max over u, v of padded[n, c, i·stride + u, j·stride + v]
    """
    padded = pad(x, kernel, padding, value=-np.inf)
    y = np.zeros((*x.shape[:2], *_positions(padded, kernel, stride)), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        y[n, c, i, j] = padded[n, c, _window(i, kernel, stride), _window(j, kernel, stride)].max()
    return y


def max_pool2d_backward(dy: Array, x: Array, kernel: int, stride: int, padding: int) -> Array:
    """The gradient of an output goes to the largest value of its window; of several equal ones, to the first.

    Shapes:   dy (N, C, oh, ow), x (N, C, H, W), result like x
    Note:     in a window that holds NaN nothing is largest, and the last place gets it
    """
    padded = pad(x, kernel, padding, value=-np.inf)
    d_padded = np.zeros_like(padded)
    for n, c, i, j in np.ndindex(dy.shape):
        window = padded[n, c, _window(i, kernel, stride), _window(j, kernel, stride)]
        u, v = divmod(window.size - 1 if np.isnan(window).any() else int(window.argmax()), kernel)
        d_padded[n, c, i * stride + u, j * stride + v] += dy[n, c, i, j]
    return crop(d_padded, x, kernel, padding)


def avg_pool2d_forward(x: Array, kernel: int, stride: int, padding: int) -> Array:
    """The mean of every window, the zeros around the image included.

    Shapes:   x (N, C, H, W), result (N, C, oh, ow)
    Formula:  y[n, c, i, j] = Σ_u Σ_v padded[n, c, i·stride + u, j·stride + v] / (kh·kw)
    """
    padded = pad(x, kernel, padding, value=0)
    y = np.zeros((*x.shape[:2], *_positions(padded, kernel, stride)), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        y[n, c, i, j] = padded[n, c, _window(i, kernel, stride), _window(j, kernel, stride)].mean()
    return y


def avg_pool2d_backward(dy: Array, x: Array, kernel: int, stride: int, padding: int) -> Array:
    """The gradient of an output is shared out evenly among all places of its window.

    Shapes:   dy (N, C, oh, ow), x (N, C, H, W), result like x
    """
    d_padded = np.zeros_like(pad(x, kernel, padding, value=0))
    for n, c, i, j in np.ndindex(dy.shape):
        d_padded[n, c, _window(i, kernel, stride), _window(j, kernel, stride)] += dy[n, c, i, j] / kernel**2
    return crop(d_padded, x, kernel, padding)


def pad(x: Array, kernel: int, padding: Padding, value: float) -> Array:
    """The images (N, C, H, W) with a border of `value`; "same" puts the odd pixel right and below."""
    border = _border(kernel, padding)
    return np.pad(x, ((0, 0), (0, 0), border, border), constant_values=value)


def crop(padded: Array, x: Array, kernel: int, padding: Padding) -> Array:
    """The part of the padded images that covers `x`: what goes to the border is nobody's gradient."""
    before, _ = _border(kernel, padding)
    return padded[:, :, before : before + x.shape[2], before : before + x.shape[3]]


def _border(kernel: int, padding: Padding) -> tuple[int, int]:
    """How many pixels are added before (left, above) and after (right, below)."""
    if padding == "same":
        return (kernel - 1) // 2, kernel // 2
    return padding, padding


def _positions(padded: Array, kernel: int, stride: int) -> tuple[int, int]:
    height, width = padded.shape[2:]
    return output_size(height, kernel, stride, 0), output_size(width, kernel, stride, 0)


def _window(position: int, kernel: int, stride: int) -> slice:
    return slice(position * stride, position * stride + kernel)
