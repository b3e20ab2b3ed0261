"""What makes no sense is refused with a sentence that names the layer, what it expected and what it got."""

from typing import Any

import numpy as np
import pytest

from core.layers import layer_from_spec
from core.types import ChainruleError, OptionError, ShapeError
from tests.core.cases import CASES, Case

POSITIVE = "of at least 1 and at most 1\u202f000\u202f000\u202f000"

OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"kind": "dense", "units": 0}, f"Dense: units must be a whole number {POSITIVE}, not 0."),
    ({"kind": "dense", "units": -1}, f"Dense: units must be a whole number {POSITIVE}, not -1."),
    ({"kind": "dense", "units": "abc"}, f"Dense: units must be a whole number {POSITIVE}, not 'abc'."),
    ({"kind": "dense", "units": 2.5}, f"Dense: units must be a whole number {POSITIVE}, not 2.5."),
    ({"kind": "conv2d", "filters": 0, "kernel_size": 3}, "Conv2D: filters must be "),
    ({"kind": "conv2d", "filters": 2, "kernel_size": 0}, "Conv2D: kernel_size must be "),
    ({"kind": "conv2d", "filters": 2, "kernel_size": 3, "stride": 0}, "Conv2D: stride must be "),
    ({"kind": "conv2d", "filters": 2, "kernel_size": 3, "padding": -1}, "Conv2D: padding must be "),
    ({"kind": "conv2d", "filters": 2, "kernel_size": 3, "padding": "valid"}, "or \"same\", not 'valid'."),
    ({"kind": "conv2d", "filters": 2, "kernel_size": 3, "padding": "same", "stride": 2}, 'Conv2D: padding "same" '),
    ({"kind": "max_pool2d", "kernel_size": 0}, "MaxPool2D: kernel_size must be "),
    ({"kind": "max_pool2d", "kernel_size": 2, "stride": 0}, "MaxPool2D: stride must be "),
    (
        {"kind": "max_pool2d", "kernel_size": 3, "padding": 2},
        "MaxPool2D: a padding of 2 is more than half the kernel of 3",
    ),
    (
        {"kind": "avg_pool2d", "kernel_size": 3, "padding": 2},
        "AvgPool2D: a padding of 2 is more than half the kernel of 3",
    ),
    ({"kind": "dropout", "p": 1.5}, "Dropout: p must be a number of at least 0 and at most 1, not 1.5."),
    ({"kind": "dropout", "p": -0.1}, "Dropout: p must be a number of at least 0 and at most 1, not -0.1."),
    ({"kind": "batch_norm", "eps": -1e-5}, "BatchNorm: eps must be "),
    ({"kind": "batch_norm", "momentum": 1.1}, "BatchNorm: momentum must be "),
    ({"kind": "layer_norm", "eps": -1e-5}, "LayerNorm: eps must be "),
    ({"kind": "leaky_relu", "negative_slope": float("nan")}, "LeakyReLU: negative_slope must be "),
    ({"kind": "reshape", "channels": 1, "height": 0, "width": 2}, "Reshape: height must be "),
]


@pytest.mark.parametrize(("spec", "sentence"), OPTIONS, ids=[f"{s['kind']}-{list(s.values())[-1]}" for s, _ in OPTIONS])
def test_options(spec: dict[str, Any], sentence: str):
    with pytest.raises(OptionError) as error:
        layer_from_spec(spec)
    assert sentence in str(error.value)
    assert str(error.value).endswith(".")


SHAPES: list[tuple[dict[str, Any], tuple[int, ...], list[str]]] = [
    ({"kind": "dense", "units": 2}, (1, 4, 4), ["Dense needs a vector", "not 1×4×4"]),
    ({"kind": "softmax"}, (1, 4, 4), ["Softmax needs a vector", "not 1×4×4"]),
    ({"kind": "conv2d", "filters": 2, "kernel_size": 3}, (5,), ["Conv2D needs an image", "not 5"]),
    (
        {"kind": "conv2d", "filters": 2, "kernel_size": 5},
        (1, 4, 9),
        ["Conv2D needs an image", "kernel of 5", "not 1×4×9"],
    ),
    (
        {"kind": "conv2d", "filters": 2, "kernel_size": 7, "padding": 1},
        (1, 9, 4),
        ["Conv2D needs an image", "kernel of 7", "padding of 1"],
    ),
    ({"kind": "max_pool2d", "kernel_size": 2}, (5,), ["MaxPool2D needs an image", "not 5"]),
    ({"kind": "max_pool2d", "kernel_size": 5}, (2, 9, 4), ["MaxPool2D needs an image", "window of 5", "not 2×9×4"]),
    ({"kind": "avg_pool2d", "kernel_size": 5}, (2, 4, 9), ["AvgPool2D needs an image", "window of 5", "not 2×4×9"]),
    ({"kind": "global_avg_pool2d"}, (5,), ["GlobalAvgPool2D needs an image", "not 5"]),
    ({"kind": "batch_norm"}, (3, 4), ["BatchNorm needs a vector or an image", "not 3×4"]),
    ({"kind": "reshape", "channels": 2, "height": 3, "width": 4}, (25,), ["Reshape needs 24 values", "not 25"]),
]


@pytest.mark.parametrize(
    ("spec", "in_shape", "words"), SHAPES, ids=[f"{s['kind']}-{i}" for i, (s, _, _) in enumerate(SHAPES)]
)
def test_shapes(spec: dict[str, Any], in_shape: tuple[int, ...], words: list[str]):
    layer = layer_from_spec(spec)
    with pytest.raises(ShapeError) as error:
        layer.out_shape(in_shape)
    assert all(word in str(error.value) for word in words), str(error.value)
    with pytest.raises(ShapeError):
        layer.build(in_shape, np.random.default_rng(0))
    assert layer.params == {} and layer.buffers == {}


ANY_SHAPE = {"relu", "leaky_relu", "elu", "silu", "gelu", "sigmoid", "tanh", "softplus", "dropout"}
PLAIN = {case.kind: case for case in reversed(CASES) if case.kind not in ANY_SHAPE}


@pytest.mark.parametrize("case", PLAIN.values(), ids=PLAIN)
def test_an_array_of_another_shape_than_the_layer_was_built_for(case: Case):
    layer = case.layer()
    wrong = (case.batch, *case.in_shape[:-1], case.in_shape[-1] + 1)
    text = "×".join(str(size) for size in wrong)
    built_for = "×".join(str(size) for size in case.in_shape)
    with pytest.raises(ShapeError) as error:
        layer.forward(np.zeros(wrong), False, None)
    assert str(error.value).startswith(layer.title) and text in str(error.value) and built_for in str(error.value)
    with pytest.raises(ChainruleError):
        layer.forward(np.zeros(case.in_shape), False, None)


@pytest.mark.parametrize("shape", [(3,), (3, 1, 1)])
def test_one_value_per_channel_has_no_variance(shape: tuple[int, ...]):
    layer = layer_from_spec({"kind": "batch_norm"})
    layer.build(shape, np.random.default_rng(0), np.float64)
    x = np.ones((1, *shape))
    with pytest.raises(ShapeError, match="BatchNorm has only one value per channel in this batch"):
        layer.forward(x, True, None)
    assert layer.forward(x, False, None)[0].shape == x.shape
