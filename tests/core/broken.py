"""Backward passes with one mistake each, of the kind people make: the gradient check has to reject every one.

`python -c "from tests.core.broken import BROKEN; print(len(BROKEN))"` counts them.
"""

import numpy as np

from tests.core.cases import spread
from tests.core.mistakes import (
    Broken,
    centered,
    conv_gradients,
    count_without_border,
    first_entry,
    flipped,
    last_filter_zero,
    last_row_zero,
    means_over,
    normalized,
    overwritten,
    scaled_dy,
    sigma,
    sigmoid_gelu,
    spread_over_window,
    summed,
    transposed,
    weight_of,
    without_last_sample,
    without_weight,
    wrong_dx,
    wrong_grad,
    x_hat,
)

_DENSE = (
    wrong_dx("dense-plain", "dx with the wrong sign", lambda s: -s.dx),
    wrong_dx("dense-plain", "dx lacks the last unit", lambda s: s.dy[:, :-1] @ weight_of(s)[:-1]),
    wrong_dx("dense-plain", "dx divided by the batch", lambda s: s.dx / len(s.x)),
    wrong_dx("dense-plain", "dx ignores the sign of the weights", lambda s: s.dy @ abs(weight_of(s))),
    wrong_grad("dense-plain", "weight", "d_weight with the wrong sign", lambda s: -s.grads["weight"]),
    wrong_grad("dense-plain", "weight", "d_weight divided by the batch", lambda s: s.grads["weight"] / len(s.x)),
    wrong_grad("dense-plain", "weight", "d_weight lacks the last sample", lambda s: s.dy[:-1].T @ s.x[:-1]),
    wrong_grad("dense-plain", "weight", "d_weight pairs the wrong samples", lambda s: s.dy.T @ s.x[::-1]),
    wrong_grad("dense-plain", "bias", "d_bias is the mean, not the sum", lambda s: s.dy.mean(axis=0)),
    wrong_grad("dense-plain", "bias", "d_bias with the wrong sign", lambda s: -s.grads["bias"]),
    wrong_grad("dense-plain", "bias", "d_bias is the first sample's", lambda s: s.dy[0]),
)

_CONV = (
    wrong_dx("conv2d-plain", "dx with the wrong sign", lambda s: -s.dx),
    wrong_dx(
        "conv2d-plain",
        "dx with the kernel flipped",
        lambda s: conv_gradients(s, weight=flipped(s))[0],
    ),
    wrong_dx(
        "conv2d-plain",
        "dx with the kernel transposed",
        lambda s: conv_gradients(s, weight=transposed(s))[0],
    ),
    wrong_dx("conv2d-plain", "dx lacks the last filter", lambda s: conv_gradients(s, dy=last_filter_zero(s.dy))[0]),
    wrong_dx("conv2d-plain", "dx mixes up the channels", lambda s: s.dx[:, ::-1]),
    wrong_dx("conv2d-padding1", "dx cut out one pixel off", lambda s: np.roll(s.dx, 1, axis=2)),
    wrong_dx("conv2d-same4", "dx with the odd pixel on the other side", lambda s: np.roll(s.dx, 1, axis=(2, 3))),
    wrong_dx("conv2d-stride2", "dx lacks the last windows", lambda s: conv_gradients(s, dy=last_row_zero(s.dy))[0]),
    wrong_grad("conv2d-plain", "weight", "d_weight with the wrong sign", lambda s: -s.grads["weight"]),
    wrong_grad("conv2d-plain", "weight", "d_weight divided by the batch", lambda s: s.grads["weight"] / len(s.x)),
    wrong_grad("conv2d-plain", "weight", "d_weight flipped", lambda s: s.grads["weight"][:, :, ::-1, ::-1]),
    wrong_grad("conv2d-plain", "weight", "d_weight transposed", lambda s: s.grads["weight"].swapaxes(2, 3)),
    wrong_grad(
        "conv2d-plain",
        "weight",
        "d_weight lacks the last sample",
        lambda s: conv_gradients(s, dy=without_last_sample(s.dy))[1],
    ),
    wrong_grad(
        "conv2d-stride2",
        "weight",
        "d_weight lacks the last row of windows",
        lambda s: conv_gradients(s, dy=last_row_zero(s.dy))[1],
    ),
    wrong_grad("conv2d-plain", "bias", "d_bias is a mean over places", lambda s: s.dy.mean(axis=(2, 3)).sum(axis=0)),
    wrong_grad("conv2d-plain", "bias", "d_bias is a mean over samples", lambda s: s.dy.sum(axis=(2, 3)).mean(axis=0)),
    wrong_grad("conv2d-plain", "bias", "d_bias lacks the last row", lambda s: last_row_zero(s.dy).sum(axis=(0, 2, 3))),
)


_POOLING = (
    wrong_dx("max_pool2d-plain", "dx with the wrong sign", lambda s: -s.dx),
    wrong_dx("max_pool2d-plain", "the mask is missing: the whole window gets dy", lambda s: spread_over_window(s, 1)),
    wrong_dx("max_pool2d-plain", "shared out as in average pooling", lambda s: spread_over_window(s, 1 / 4)),
    wrong_dx("max_pool2d-plain", "every window hands it to its first entry", first_entry),
    wrong_dx("max_pool2d-plain", "dx divided by the batch", lambda s: s.dx / len(s.x)),
    wrong_dx("max_pool2d-overlap", "overlapping windows overwrite each other", overwritten),
    wrong_dx("max_pool2d-overlap-padding", "cut out one pixel off", lambda s: np.roll(s.dx, 1, axis=3)),
    wrong_dx("avg_pool2d-plain", "dx with the wrong sign", lambda s: -s.dx),
    wrong_dx("avg_pool2d-plain", "dx divided by the batch", lambda s: s.dx / len(s.x)),
    wrong_dx("avg_pool2d-plain", "not divided by the window", lambda s: 4 * s.dx),
    wrong_dx("avg_pool2d-plain", "divided by the kernel's width only", lambda s: 2 * s.dx),
    wrong_dx("avg_pool2d-overlap-padding", "the border does not count", count_without_border),
    wrong_dx("avg_pool2d-overlap-padding", "cut out one pixel off", lambda s: np.roll(s.dx, 1, axis=3)),
    wrong_dx("global_avg_pool2d-plain", "dx with the wrong sign", lambda s: -s.dx),
    wrong_dx("global_avg_pool2d-plain", "dx divided by the batch", lambda s: s.dx / len(s.x)),
    wrong_dx("global_avg_pool2d-plain", "not divided by the area", lambda s: 20 * s.dx),
    wrong_dx("global_avg_pool2d-plain", "divided by the height only", lambda s: 4 * s.dx),
    wrong_dx("global_avg_pool2d-plain", "the channels swapped", lambda s: s.dx[:, ::-1]),
)


_NORMALIZATIONS = tuple(
    broken
    for case in ("batch_norm-vector", "batch_norm-image", "layer_norm-vector", "layer_norm-image")
    for broken in (
        wrong_dx(case, "dx with the wrong sign", lambda s: -s.dx),
        wrong_dx(case, "the statistics as constants", lambda s: normalized(s, mean_term=False, x_hat_term=False)),
        wrong_dx(case, "the term of the mean is missing", lambda s: normalized(s, mean_term=False)),
        wrong_dx(case, "the term of the variance is missing", lambda s: normalized(s, x_hat_term=False)),
        wrong_dx(case, "1/σ is missing", lambda s: normalized(s, inv_std_factor=False)),
        wrong_dx(case, "dx divided by the batch", lambda s: s.dx / len(s.x)),
        wrong_grad(case, "weight", "d_weight with the wrong sign", lambda s: -s.grads["weight"]),
        wrong_grad(case, "weight", "d_weight from x, not x̂", lambda s: summed(s, s.dy * s.x)),
        wrong_grad(case, "weight", "d_weight divided by the batch", lambda s: s.grads["weight"] / len(s.x)),
        wrong_grad(case, "bias", "d_bias divided by the batch", lambda s: s.grads["bias"] / len(s.x)),
        wrong_grad(case, "bias", "d_bias with the wrong sign", lambda s: -s.grads["bias"]),
    )
)

_NORMALIZATION = (
    *_NORMALIZATIONS,
    wrong_dx(
        "batch_norm-vector",
        "the formula of the evaluation with the running variance",
        lambda s: s.dy * weight_of(s) / np.sqrt(s.layer.buffers["running_var"] + 1e-5),
    ),
    wrong_dx("batch_norm-vector", "weight is missing", lambda s: s.dx / weight_of(s)),
    wrong_dx("batch_norm-vector", "means over the wrong axis", lambda s: means_over(s, 1)),
    wrong_dx("layer_norm-vector", "weight is missing", without_weight),
    wrong_dx("layer_norm-vector", "means over the wrong axis", lambda s: means_over(s, 0)),
    wrong_grad(
        "batch_norm-image", "weight", "d_weight of one pixel", lambda s: (s.dy * x_hat(s))[:, :, 0, 0].sum(axis=0)
    ),
)


_ELEMENTWISE = tuple(
    broken
    for kind in ("relu", "leaky_relu", "elu", "silu", "gelu", "sigmoid", "tanh", "softplus")
    for broken in (
        wrong_dx(f"{kind}-image", "dx with the wrong sign", lambda s: -s.dx),
        wrong_dx(f"{kind}-image", "the slope is missing", lambda s: s.dy),
        wrong_dx(f"{kind}-image", "dx divided by the batch", lambda s: s.dx / len(s.x)),
        wrong_dx(f"{kind}-image", "dy is missing", lambda s: s.dx / s.dy),
    )
)

_SLOPES = (
    *_ELEMENTWISE,
    wrong_dx("relu-vector", "the mask turned round", lambda s: np.where(s.x < 0, s.dy, 0)),
    wrong_dx("relu-vector", "the mask taken from dy", lambda s: np.where(s.dy > 0, s.dy, 0)),
    wrong_dx("leaky_relu-slope", "0 on the negative side", lambda s: np.where(s.x > 0, s.dy, 0)),
    wrong_dx("leaky_relu-slope", "the default slope, not one's own", lambda s: np.where(s.x > 0, s.dy, 0.01 * s.dy)),
    wrong_dx("elu-vector", "0 on the negative side", lambda s: np.where(s.x > 0, s.dy, 0)),
    wrong_dx("elu-vector", "y instead of y + 1", lambda s: np.where(s.x > 0, s.dy, s.dy * s.y)),
    wrong_dx("sigmoid-vector", "1 − y is missing", lambda s: s.dy * s.y),
    wrong_dx("sigmoid-vector", "x taken for y", lambda s: s.dy * s.x * (1 - s.x)),
    wrong_dx("tanh-vector", "y instead of y²", lambda s: s.dy * (1 - s.y)),
    wrong_dx("tanh-vector", "the slope of the sigmoid", lambda s: s.dy * s.y * (1 - s.y)),
    wrong_dx("silu-vector", "only σ(x): the product rule forgotten", lambda s: s.dy * sigma(s.x)),
    wrong_dx("gelu-vector", "only the probability: the product rule forgotten", lambda s: s.dy * s.y / s.x),
    wrong_dx("gelu-vector", "the slope of the sigmoid form", sigmoid_gelu),
    wrong_dx("softplus-vector", "σ(−x)", lambda s: s.dy * sigma(-s.x)),
)

_SOFTMAX = (
    wrong_dx("softmax-plain", "dx with the wrong sign", lambda s: -s.dx),
    wrong_dx("softmax-plain", "elementwise y(1 − y)", lambda s: s.dy * s.y * (1 - s.y)),
    wrong_dx("softmax-plain", "the sum over the outputs is missing", lambda s: s.dy * s.y),
    wrong_dx("softmax-plain", "the sum not weighted by y", lambda s: s.y * (s.dy - s.dy.sum(axis=1, keepdims=True))),
    wrong_dx("softmax-plain", "the sum over the batch", lambda s: s.y * (s.dy - (s.dy * s.y).sum(axis=0))),
    wrong_dx("softmax-plain", "dx divided by the batch", lambda s: s.dx / len(s.x)),
)

_DROPOUT = (
    wrong_dx("dropout-half", "dx with the wrong sign", lambda s: -s.dx),
    wrong_dx("dropout-half", "dx divided by the batch", lambda s: s.dx / len(s.x)),
    wrong_dx("dropout-half", "the mask is missing", lambda s: 2 * s.dy),
    wrong_dx("dropout-half", "the scale is missing", lambda s: np.where(s.y == 0, 0, s.dy)),
    wrong_dx("dropout-half", "another mask than forward", lambda s: 2 * s.dy * (spread(s.x.shape, 0) > 0)),
    wrong_dx("dropout-image", "scaled by p instead of 1 − p", lambda s: np.where(s.y == 0, 0, s.dy / 0.3)),
    wrong_dx("dropout-image", "one mask for all samples", lambda s: s.dy * (s.y[:1] != 0) / 0.7),
)

_ORDER = (
    wrong_dx("reshape-image", "dx with the wrong sign", lambda s: -s.dx),
    wrong_dx("reshape-image", "dx divided by the batch", lambda s: s.dx / len(s.x)),
    wrong_dx("reshape-image", "laid out by columns", lambda s: s.dy.swapaxes(2, 3).reshape(s.x.shape)),
    wrong_dx("reshape-image", "channels last", lambda s: np.moveaxis(s.dy, 1, -1).reshape(s.x.shape)),
    wrong_dx("flatten-image", "dx with the wrong sign", lambda s: -s.dx),
    wrong_dx("flatten-image", "dx divided by the batch", lambda s: s.dx / len(s.x)),
    wrong_dx("flatten-image", "laid out by columns", lambda s: s.dy.reshape(4, 2, 5, 3).swapaxes(2, 3)),
    wrong_dx("flatten-image", "channels last", lambda s: np.moveaxis(s.dy.reshape(4, 3, 5, 2), -1, 1)),
    wrong_dx("flatten-image", "the batch as the fastest axis", lambda s: s.dy.reshape(s.x.shape, order="F")),
)

BROKEN: tuple[Broken, ...] = (
    *_DENSE,
    *_CONV,
    *_POOLING,
    *_NORMALIZATION,
    *_SLOPES,
    *_SOFTMAX,
    *_DROPOUT,
    *_ORDER,
)

BROKEN_IN_EVALUATION: tuple[Broken, ...] = (
    *(
        broken
        for case in ("batch_norm-vector", "batch_norm-image")
        for broken in (
            wrong_dx(case, "dx with the wrong sign", lambda s: -s.dx),
            wrong_dx(case, "the formula of the training", normalized),
            wrong_dx(case, "1/σ of the batch, not the running one", lambda s: scaled_dy(s) * centered(s)[1]),
            wrong_dx(case, "1/σ is missing", scaled_dy),
            wrong_grad(case, "weight", "d_weight with x̂ of the batch", lambda s: summed(s, s.dy * x_hat(s))),
            wrong_grad(case, "bias", "d_bias divided by the batch", lambda s: s.grads["bias"] / len(s.x)),
        )
    ),
    wrong_dx("dropout-image", "scaled as in training", lambda s: s.dy / 0.7),
    wrong_dx("dropout-image", "values are dropped", lambda s: s.dy * (spread(s.x.shape, 0) > 0)),
)
"""The same, of layers that compute something else in evaluation."""
