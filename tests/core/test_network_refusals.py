"""What a network refuses, in sentences that name the layer: stacks, sizes and batches that do not fit."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.initializers import HeNormal
from core.layers import Dense, layer_from_spec
from core.losses import MSE
from core.network import MEMORY_LIMIT, Network, output_shapes
from core.types import Array, ChainruleError, DataError, OptionError, ShapeError
from core.words import memory_text, said
from tests.core.networks import NETS, layer, network_of


def message(error: type[ChainruleError], action: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        action()
    return str(caught.value)


@pytest.mark.parametrize("shape", [(), (0,), (-3,), (2.5,), (True,), (np.nan,), [4], None, 4, (10**5, 10**5)], ids=str)
def test_what_is_no_shape_of_a_sample_is_not_built_for(shape: Any):
    network = network_of(layer("relu"), layer("dense", units=3))
    text = message(ShapeError, lambda: network.build(shape, 0))
    assert text.startswith("Layer 1, ReLU, needs the shape of a sample as a tuple of whole numbers of at least 1")
    assert text.endswith(f"not {said(shape)}.") and network.shapes == ()


@pytest.mark.parametrize("seed", [-1, 1.5, None, "a", True, 2**63, np.nan], ids=str)
def test_what_is_no_seed_is_refused(seed: Any):
    network = network_of(layer("dense", units=3))
    text = message(OptionError, lambda: network.build((2,), seed))
    assert text.startswith("A network: seed must be a whole number of at least 0")
    assert text.endswith(f"not {said(seed)}.") and network.shapes == ()


@pytest.mark.parametrize("initializer", ["he_normal", HeNormal, False], ids=str)
def test_what_is_no_initialiser_is_refused(initializer: Any):
    text = message(OptionError, lambda: Network([Dense(3)], MSE(), initializer))
    assert text == f"The initialiser of a network must be an initialiser such as HeNormal(), not {said(initializer)}."


@pytest.mark.parametrize("dtype", [np.int32, np.float16, complex, "abc", None], ids=str)
def test_networks_compute_in_float32_or_float64(dtype: Any):
    network = network_of(layer("dense", units=3))
    text = message(OptionError, lambda: network.build((2,), 0, dtype))
    assert text == f"A network computes in float32 or float64, not in {said(dtype)}." and network.shapes == ()


@pytest.mark.parametrize("first", [layer("dense", units=3), layer("tanh")], ids=lambda spec: spec["kind"])
def test_a_network_that_is_not_built_says_so(first: dict[str, Any]):
    network, x = network_of(first), np.ones((2, 3), np.float32)
    for use in (lambda: network.forward(x), lambda: network.loss_and_gradients(x, x)):
        assert " is not built: build it with the shape of a sample" in message(ShapeError, use)


@pytest.mark.parametrize(
    ("x", "target", "error", "words"),
    [
        (np.ones((3, 7), np.float32), np.ones((3, 2), np.float32), ShapeError, "ReLU was built for samples of shape 4"),
        (np.ones((3, 4)), np.ones((3, 2)), DataError, "ReLU was built for float32 and was given an array of float64"),
        (np.ones((3, 4), int), np.ones((3, 2), np.float32), DataError, "was given an array of int64"),
        (np.ones((3, 4), np.float32), np.ones((3, 2)), DataError, "Mean squared error takes targets of float32"),
        (np.ones((3, 4), np.float32), np.ones((1, 1), np.float32), ShapeError, "3×2 and targets of shape 1×1"),
        (np.ones((0, 4), np.float32), np.ones((0, 2), np.float32), ShapeError, "BatchNorm has no value per channel"),
    ],
)
def test_a_batch_that_does_not_fit_changes_nothing(x: Array, target: Array, error: type[ChainruleError], words: str):
    network = network_of(layer("relu"), layer("batch_norm"), layer("dense", units=2))
    network.build((4,), 0)
    before = network.state_dict()
    network.flat_grads[...] = 7
    assert words in message(error, lambda: network.loss_and_gradients(x, target))
    assert (network.flat_grads == 7).all()
    assert all(np.array_equal(a, before[n]) for n, a in network.state_dict().items())


@pytest.mark.parametrize(
    ("specs", "in_shape", "samples", "batch_size", "sentence"),
    [
        (
            [layer("dense", units=3), layer("batch_norm")],
            (2,),
            23,
            22,
            "Layer 2, BatchNorm, needs at least 2 samples in every training batch, but of 23 samples in batches of 22 "
            "the last batch has only 1: choose another batch size, such as 21.",
        ),
        ([layer("batch_norm")], (3, 1, 1), 7, 1, "has only 1: choose another batch size, such as 4."),
        ([layer("batch_norm")], (2,), 3, 2, "has only 1: choose another batch size, such as 3."),
        (
            [layer("batch_norm")],
            (2,),
            1,
            1,
            "of 1 sample in batches of 1 the last batch has only 1: take more data,",
        ),
    ],
)
def test_a_last_batch_too_short_for_a_layer_is_known_beforehand(
    specs: list[dict[str, Any]], in_shape: tuple[int, ...], samples: int, batch_size: int, sentence: str
):
    network = network_of(*specs)
    network.build(in_shape, 0)
    assert sentence in message(OptionError, lambda: network.check_last_batch(samples, batch_size))


@pytest.mark.parametrize(
    ("kind", "in_shape", "samples", "batch_size"),
    [
        ("batch_norm", (2,), 24, 22),
        ("batch_norm", (2,), 23, 23),
        ("batch_norm", (2,), 23, 50),
        ("batch_norm", (2, 1, 3), 23, 22),
        ("layer_norm", (2,), 23, 22),
        ("dropout", (2,), 1, 1),
    ],
)
def test_other_last_batches_are_long_enough(kind: str, in_shape: tuple[int, ...], samples: int, batch_size: int):
    network = network_of(layer(kind))
    network.build(in_shape, 0)
    network.check_last_batch(samples, batch_size)
    last = min(samples, samples % batch_size or batch_size)
    network.forward(np.ones((last, *in_shape), np.float32), True, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("specs", "in_shape", "sentence"),
    [
        (
            [layer("relu"), layer("dense", units=3)],
            (1, 28, 28),
            "Layer 2, Dense, needs a vector, but layer 1, ReLU, gives 1×28×28: add Flatten before it.",
        ),
        (
            [layer("dense", units=3)],
            (1, 28, 28),
            "Layer 1, Dense, needs a vector, but the data gives 1×28×28: add Flatten before it.",
        ),
        (
            [layer("conv2d", filters=2, kernel_size=3), layer("relu"), layer("softmax")],
            (1, 9, 8),
            "Layer 3, Softmax, needs a vector, but layer 2, ReLU, gives 2×7×6: add Flatten before it.",
        ),
    ],
)
def test_a_stack_that_does_not_fit_is_named(specs: list[dict[str, object]], in_shape: tuple[int, ...], sentence: str):
    layers = [layer_from_spec(spec) for spec in specs]
    assert message(ShapeError, lambda: output_shapes(layers, in_shape)) == sentence
    assert message(ShapeError, lambda: network_of(*specs).build(in_shape, 0)) == sentence


@pytest.mark.parametrize(
    ("specs", "in_shape", "words"),
    [
        (
            [layer("dense", units=3), layer("conv2d", filters=2, kernel_size=3)],
            (5,),
            ["Layer 2, Conv2D, needs ", "layer 1, Dense, gives 3"],
        ),
        ([layer("conv2d", filters=2, kernel_size=7)], (1, 5, 9), ["Layer 1, Conv2D, ", "7", "the data gives 1×5×9"]),
        (
            [layer("relu"), layer("max_pool2d", kernel_size=6)],
            (1, 9, 5),
            ["Layer 2, MaxPool2D, ", "6", "layer 1, ReLU, gives 1×9×5"],
        ),
        (
            [layer("dense", units=3), layer("avg_pool2d", kernel_size=2)],
            (5,),
            ["Layer 2, AvgPool2D, ", "layer 1, Dense, gives 3"],
        ),
        ([layer("global_avg_pool2d")], (5,), ["Layer 1, GlobalAvgPool2D, ", "the data gives 5"]),
    ],
)
def test_pictures_that_do_not_fit_are_named(
    specs: list[dict[str, object]], in_shape: tuple[int, ...], words: list[str]
):
    text = message(ShapeError, lambda: network_of(*specs).build(in_shape, 0))
    assert all(word in text for word in words), text
    assert text.endswith(".") and "Flatten" not in text


def test_a_stack_that_does_not_fit_changes_nothing():
    network = network_of(layer("flatten"), layer("dense", units=3))
    network.build((2, 3), 0)
    before = network.state_dict()
    network.layers[1].__dict__["units"] = 10**9
    with pytest.raises(OptionError):
        network.build((2, 3), 1)
    assert network.shapes == ((6,), (3,))
    assert all(np.array_equal(a, before[n]) for n, a in network.state_dict().items())


def test_a_layer_too_large_for_memory_is_refused_before_anything_is_allocated():
    network = network_of(layer("dense", units=10**9), layer("tanh"), layer("dense", units=1))
    text = message(OptionError, lambda: network.build((784,), 0))
    # 784 · 10⁹ weights and 10⁹ biases, 4 bytes each, four times over.
    assert text.startswith("Layer 1, Dense, would have 785\u202f000\u202f000\u202f000 parameters; ")
    assert "12.6 TB" in text and memory_text(MEMORY_LIMIT) in text and text.endswith("make the layer smaller.")
    assert network.flat_params.size == 0


def test_many_layers_that_fit_one_by_one_are_refused_together():
    network = network_of(*(layer("dense", units=15_000) for _ in range(4)))
    assert "GB" in message(OptionError, lambda: network.build((15_000,), 0))


def test_a_batch_too_large_for_memory_is_refused_by_the_layer_that_computes_most():
    """A few parameters can compute a lot: the padding makes images of 10 018 × 10 018."""
    network = network_of(layer("conv2d", filters=1, kernel_size=3, padding=5000), layer("relu"))
    network.build((1, 20, 20), 0)
    network.check_batch(1)
    assert network.most_rows() == 1
    text = message(OptionError, lambda: network.check_batch(4))
    # 10 018² values of each of two layers, 4 samples, 4 bytes: what they give, its gradient, and what ReLU keeps; what
    # the convolution keeps are 10 020 rows of 3 · 10 018 values.
    assert text.startswith("A batch of 4 takes about 12.8 GB ") and "layer 1, Conv2D, which gives 100" in text
    assert text.endswith("for the way back: make the batch or that layer smaller.")


def test_what_a_convolution_keeps_counts_too():
    """It gives 429 × 429 values a sample and keeps 828 · 400 · 429, of which 32 samples are 18 GB."""
    network = network_of(layer("conv2d", filters=1, kernel_size=400, padding=400), layer("flatten"))
    network.build((1, 28, 28), 0)
    text = message(OptionError, lambda: network.check_batch(32))
    assert "takes about 18.3 GB" in text
    assert "layer 1, Conv2D, which gives 184\u202f041 values a sample and keeps 142\u202f084\u202f800 for" in text
    network.check_batch(network.most_rows())
    assert network.most_rows() == 7


def test_a_single_sample_too_large_for_memory_is_not_built_for():
    network = network_of(layer("relu"), layer("conv2d", filters=1, kernel_size=3, padding=10**9))
    text = message(OptionError, lambda: network.build((1, 8, 8), 0))
    assert text.startswith("A batch of 1 takes about 8e7 TB on its way through the layers")
    assert "layer 2, Conv2D, which gives 4e18 values a sample and keeps 1.2e19 for" in text
    assert network.shapes == () and network.layers[1].params == {}


def test_usual_networks_take_large_batches():
    assert all(net.network(np.float32).most_rows() > 100_000 for net in NETS)
