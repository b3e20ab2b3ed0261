"""What makes no sense is refused with a sentence that names the layer, what it expected and what it got."""

import math
import pickle
from typing import Any, cast

import numpy as np
import pytest

from core.layers import layer_from_spec
from core.types import Array, ChainruleError, DataError, OptionError, ShapeError
from core.words import said
from tests.core.cases import CASES, Case, run

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
    assert all(word in str(error.value) for word in words) and str(error.value).endswith("."), str(error.value)
    with pytest.raises(ShapeError):
        layer.build(in_shape, np.random.default_rng(0))
    assert layer.params == {} and layer.buffers == {}


PLAIN = {case.kind: case for case in reversed(CASES)}
"""One case of every layer."""

each_layer = pytest.mark.parametrize("case", PLAIN.values(), ids=PLAIN)

NO_SHAPES: list[Any] = [(), (0,), (2, -3, 4), (2.0,), (True,), (math.nan,), ("a",), (None,), [2], 5, None, (10**10,)]


@each_layer
@pytest.mark.parametrize("shape", NO_SHAPES, ids=str)
def test_what_is_no_shape_of_a_sample_is_not_built_for(case: Case, shape: Any):
    layer = case.unbuilt()
    with pytest.raises(ShapeError) as error:
        layer.build(shape, np.random.default_rng(0))
    assert str(error.value).startswith(f"{layer.title} needs the shape of a sample as a tuple of whole numbers ")
    assert str(error.value).endswith(f"not {said(shape)}.")
    assert layer.params == {} and layer.buffers == {} and layer.in_shape == ()


@each_layer
def test_sizes_from_numpy_are_sizes(case: Case):
    layer = case.unbuilt()
    layer.build(tuple(np.array(case.in_shape)), np.random.default_rng(0))
    assert layer.in_shape == case.in_shape and {type(size) for size in layer.in_shape} == {int}


@each_layer
@pytest.mark.parametrize("dtype", [np.int32, np.float16, np.longdouble, complex, bool, "abc", None, 32, ">f4"], ids=str)
def test_layers_compute_in_float32_or_float64(case: Case, dtype: Any):
    layer = case.unbuilt()
    with pytest.raises(OptionError) as error:
        layer.build(case.in_shape, np.random.default_rng(0), dtype)
    assert str(error.value) == f"{layer.title} computes in float32 or float64, not in {said(dtype)}."
    assert layer.params == {} and layer.dtype is None


@pytest.mark.parametrize("kind", ["dense", "conv2d"])
def test_weights_are_drawn_from_a_generator_by_a_scheme(kind: str):
    """The seed of a network is a number; a layer takes the generator that comes of it."""
    layer, in_shape, rng = PLAIN[kind].unbuilt(), PLAIN[kind].in_shape, np.random.default_rng(0)
    for no_rng in (7, None, np.random):
        with pytest.raises(OptionError) as error:
            layer.build(in_shape, cast(Any, no_rng))
        assert str(error.value) == f"{layer.title}: rng must be a random generator of NumPy, not {said(no_rng)}."
    with pytest.raises(OptionError, match=f"^{layer.title}: initializer must be an initialiser such as .*, not 'he'"):
        layer.build(in_shape, rng, np.float32, cast(Any, "he"))
    assert layer.params == {} and layer.in_shape == ()


@pytest.mark.parametrize("rng", [None, 7, np.random], ids=str)
def test_dropout_draws_from_a_generator(rng: Any):
    layer, x = PLAIN["dropout"].layer(), PLAIN["dropout"].x()
    with pytest.raises(OptionError) as error:
        layer.forward(x, True, rng)
    assert str(error.value) == (
        f"Dropout draws its mask in training from a random generator of NumPy, not {said(rng)}."
    )
    assert layer.forward(x, False, rng)[0] is x


@pytest.mark.parametrize("kind", ["batch_norm", "layer_norm"])
def test_what_is_constant_is_divided_by_more_than_0(kind: str):
    """An eps that float32 rounds to 0 would make NaN of a feature, or a sample, whose values are all the same."""
    with pytest.raises(OptionError, match="eps must be a number of at least 1e−30"):
        layer_from_spec({"kind": kind, "eps": 1e-46})
    layer = layer_from_spec({"kind": kind, "eps": 1e-30})
    layer.build((3,), np.random.default_rng(0))
    y, dx, _ = run(layer, np.zeros((4, 3), np.float32), np.ones((4, 3), np.float32))
    assert np.isfinite(y).all() and np.isfinite(dx).all()


@pytest.mark.parametrize("dtype", ["float32", "f8", float, np.dtype(np.float32)], ids=str)
def test_every_way_to_name_them_is_understood(dtype: Any):
    layer = PLAIN["dense"].unbuilt()
    layer.build((4,), np.random.default_rng(0), dtype)
    assert layer.dtype == np.dtype(dtype) == layer.params["weight"].dtype


@each_layer
def test_a_layer_that_is_not_built_says_so(case: Case):
    layer = case.unbuilt()
    for x in (case.x(), np.ones(3)):  # the second has samples of the shape (), like the layer that was told none
        with pytest.raises(ShapeError, match=f"^{layer.title} is not built: build it with the shape of a sample"):
            layer.forward(x, False, None)


@each_layer
def test_an_array_of_another_shape_than_the_layer_was_built_for(case: Case):
    layer = case.layer()
    wrong = (case.batch, *case.in_shape[:-1], case.in_shape[-1] + 1)
    text = "×".join(str(size) for size in wrong)
    built_for = "×".join(str(size) for size in case.in_shape)
    with pytest.raises(ShapeError) as error:
        layer.forward(np.zeros(wrong), False, None)
    assert str(error.value).startswith(layer.title) and text in str(error.value) and built_for in str(error.value)
    for one_sample in (np.zeros(case.in_shape), np.zeros(())):
        with pytest.raises(ShapeError, match=f"^{layer.title} .* whose first axis counts samples"):
            layer.forward(one_sample, False, None)


@each_layer
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_an_array_of_another_type_than_the_layer_was_built_for(case: Case, training: bool):
    """So that no result silently has another precision, or another meaning: LeakyReLU works on the bits of floats."""
    layer, x = case.layer(np.float32), case.x(np.float32)
    for dtype in (np.float64, np.int64, np.bool_, np.float16, np.complex64, np.str_, object):
        given = x.astype(dtype)
        with pytest.raises(DataError) as error:
            layer.forward(given, training, np.random.default_rng(0))
        assert str(error.value).startswith(
            f"{layer.title} was built for float32 and was given an array of {given.dtype}: convert it "
        )
    for nothing in (x.tolist(), None, 1.0, np.float32(1)):
        with pytest.raises(DataError) as error:
            layer.forward(cast(Array, nothing), training, np.random.default_rng(0))
        assert str(error.value) == f"{layer.title} takes NumPy arrays of float32, not {said(nothing)}."


@each_layer
def test_a_type_that_is_equal_is_the_same(case: Case):
    """After a way through pickle, the types of two arrays are equal without being one object."""
    layer = pickle.loads(pickle.dumps(case.layer(np.float32)))
    y, dx, _ = run(layer, case.x(np.float32), case.dy(np.float32))
    assert y.dtype == dx.dtype == np.float32


@pytest.mark.parametrize("case", PLAIN.values(), ids=lambda case: case.kind)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_a_gradient_of_another_shape_or_type_than_the_output(case: Case, training: bool):
    layer, dy = case.layer(), case.dy()
    y, cache = layer.forward(case.x(), training, np.random.default_rng(0))
    wrong = [dy[..., :-1], dy[0], dy[:, None], np.float64(1)]
    if cache:  # otherwise nothing tells the number of samples
        wrong += [dy[:1], dy[:-1]] if case.batch > 1 else [np.repeat(dy, 2, axis=0)]
    for given in wrong:
        with pytest.raises(ChainruleError) as error:
            layer.backward(given, cache)
        assert str(error.value).startswith(f"{layer.title} ")
        if isinstance(given, np.ndarray):
            assert "×".join(map(str, given.shape)) in str(error.value), "what came"
            assert "×".join(map(str, y.shape[1:])) in str(error.value), "what was expected"
    with pytest.raises(DataError, match=f"^{layer.title} was built for float64 and was given an array of float32"):
        layer.backward(dy.astype(np.float32), cache)
    for nothing in (None, 1.0, dy.tolist()):
        with pytest.raises(DataError) as error:
            layer.backward(cast(Array, nothing), cache)
        assert str(error.value) == f"{layer.title} takes NumPy arrays of float64, not {said(nothing)}."


@pytest.mark.parametrize("kind", ["relu", "leaky_relu", "elu", "silu", "gelu", "sigmoid", "tanh", "softplus"])
def test_single_values_can_be_asked_for_where_each_is_treated_by_itself(kind: str):
    """So the window draws a layer's curve, whatever shape it was built for."""
    case = PLAIN[kind]
    layer, x = case.layer(), case.x()
    y, dx, _ = run(layer, x.reshape(-1, 1), case.dy().reshape(-1, 1))
    expected_y, expected_dx, _ = run(layer, x, case.dy())
    assert np.array_equal(y.reshape(x.shape), expected_y) and np.array_equal(dx.reshape(x.shape), expected_dx)
    with pytest.raises(ShapeError):
        layer.forward(x[..., :2], False, None)


@pytest.mark.parametrize("shape", [(3,), (3, 1, 1)])
def test_one_value_per_channel_has_no_variance(shape: tuple[int, ...]):
    layer = layer_from_spec({"kind": "batch_norm"})
    layer.build(shape, np.random.default_rng(0), np.float64)
    x = np.ones((1, *shape))
    with pytest.raises(ShapeError, match="BatchNorm has only one value per channel in this batch"):
        layer.forward(x, True, None)
    with pytest.raises(ShapeError, match="BatchNorm has no value per channel in this batch"):
        layer.forward(x[:0], True, None)
    assert layer.forward(x, False, None)[0].shape == x.shape
