"""What a network refuses, in sentences that name the layer: weights, stacks, sizes and losses that do not fit."""

from collections.abc import Callable

import numpy as np
import pytest

from core.layers import layer_from_spec
from core.losses import loss_from_spec
from core.network import MEMORY_LIMIT, output_shapes
from core.types import Arrays, ChainruleError, OptionError, ShapeError, StateError
from core.words import memory_text
from tests.core.networks import BATCH_NORM, layer, network_of


def message(error: type[ChainruleError], action: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        action()
    return str(caught.value)


def _without(state: Arrays, name: str) -> Arrays:
    return {n: a for n, a in state.items() if n != name}


def _poked(state: Arrays, name: str, value: float) -> Arrays:
    array = state[name].copy()
    array.flat[-1] = value
    return state | {name: array}


REJECTIONS: dict[str, tuple[Callable[[Arrays], Arrays], list[str]]] = {
    "missing": (lambda s: _without(s, "8.bias"), ["8.bias"]),
    "missing buffer": (lambda s: _without(s, "1.running_var"), ["1.running_var"]),
    "extra": (lambda s: s | {"9.weight": np.zeros(3)}, ["9.weight"]),
    "shape": (lambda s: s | {"8.weight": np.zeros((9, 5))}, ["8.weight", "9×5", "5×9"]),
    "broadcastable shape": (lambda s: s | {"8.weight": np.zeros((1, 9))}, ["8.weight", "1×9", "5×9"]),
    "a number for a vector": (lambda s: s | {"8.bias": np.array(0.0)}, ["8.bias"]),
    "NaN": (lambda s: _poked(s, "8.bias", np.nan), ["8.bias", "finite"]),
    "infinite": (lambda s: _poked(s, "0.weight", -np.inf), ["0.weight", "finite"]),
    "too large for float32": (lambda s: s | {"8.bias": np.full(5, 1e39)}, ["8.bias", "finite"]),
    "NaN buffer": (lambda s: _poked(s, "6.running_mean", np.nan), ["6.running_mean", "finite"]),
    "not numbers": (lambda s: s | {"0.bias": np.array(["a", "b", "c", "d"])}, ["0.bias"]),
}


@pytest.mark.parametrize("why", REJECTIONS)
def test_weights_that_do_not_fit_are_refused_and_nothing_changes(why: str):
    network = BATCH_NORM.network(np.float32)
    change, words = REJECTIONS[why]
    wrong = change({name: array + 1 for name, array in network.state_dict().items()})
    before = network.state_dict()
    text = message(StateError, lambda: network.load_state_dict(wrong))
    assert all(word in text for word in words), text
    assert all(np.array_equal(a, before[n]) for n, a in network.state_dict().items())


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
    text = message(OptionError, lambda: network.check_batch(4))
    # 10 018² values of each of two layers, 4 samples, 4 bytes, three times over.
    assert text.startswith("A batch of 4 takes about 9.6 GB ") and "layer 1, Conv2D" in text
    assert text.endswith("make the batch or that layer smaller.")


@pytest.mark.parametrize("last", ["softmax", "sigmoid"])
@pytest.mark.parametrize(("loss", "own"), [("cross_entropy", "softmax"), ("bce_with_logits", "sigmoid")])
def test_a_loss_on_logits_refuses_probabilities(last: str, loss: str, own: str):
    text = message(OptionError, lambda: network_of(layer("dense", units=2), layer(last), loss=loss))
    assert text == (
        f"{loss_from_spec({'kind': loss}).title} applies its own {own} to logits, but the last layer, "
        f"{last.capitalize()}, already gives probabilities: remove that layer or choose a loss on probabilities."
    )


@pytest.mark.parametrize("loss", ["negative_log_likelihood", "binary_cross_entropy"])
def test_a_loss_on_probabilities_wants_probabilities(loss: str):
    text = message(OptionError, lambda: network_of(layer("dense", units=2), loss=loss))
    assert "the last layer, Dense, gives any number" in text and "add Sigmoid or Softmax at the end" in text
    assert network_of(layer("dense", units=2), layer("softmax"), loss=loss).loss.kind == loss


def test_values_may_be_anything():
    for last in ("softmax", "sigmoid", "relu"):
        network_of(layer("dense", units=2), layer(last), loss="mse")
