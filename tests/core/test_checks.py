"""Parts that do not fit one another: layers and losses that are none, losses on the wrong numbers, foreign weights."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from core.layers.activations import Tanh
from core.layers.dense import Dense
from core.losses import MSE, loss_from_spec
from core.network import Network
from core.types import Arrays, OptionError, StateError
from core.words import said
from tests.core.networks import BATCH_NORM, layer, network_of
from tests.core.test_network_refusals import message

NO_LAYERS: list[tuple[Any, str]] = [
    (3, "A network is made of a list of layers, not of 3."),
    (Dense(2), "A network is made of a list of layers, not of Dense(units=2)."),
    ([Dense(2), 1], "Layer 2 of a network must be a layer such as Dense(8), not 1."),
    ([Dense], "Layer 1 of a network must be a layer such as Dense(8), not <class 'core.layers.dense.Dense'>."),
    ([None], "Layer 1 of a network must be a layer such as Dense(8), not None."),
]


@pytest.mark.parametrize(("layers", "sentence"), NO_LAYERS)
def test_what_is_no_layer_is_refused(layers: Any, sentence: str):
    assert message(OptionError, lambda: Network(layers, MSE())) == sentence


@pytest.mark.parametrize("loss", [3, None, MSE, "mse"])
def test_what_is_no_loss_is_refused(loss: Any):
    text = message(OptionError, lambda: Network([Dense(2)], loss))
    assert text == f"The loss of a network must be a loss such as MSE(), not {said(loss)}."


def test_a_layer_stands_in_one_place_only():
    """It has room for one set of parameters: the second place would take those of the first."""
    twice = Dense(4)
    text = message(OptionError, lambda: Network([Dense(4), twice, Tanh(), twice], MSE()))
    assert text == "Layer 4, Dense, is the same object as layer 2: make one of its own for every place."


@pytest.mark.parametrize("last", ["softmax", "sigmoid"])
@pytest.mark.parametrize(("loss", "own"), [("cross_entropy", "softmax"), ("bce_with_logits", "sigmoid")])
def test_a_loss_on_logits_refuses_probabilities(last: str, loss: str, own: str):
    text = message(OptionError, lambda: network_of(layer("dense", units=2), layer(last), loss=loss))
    assert text == (
        f"{loss_from_spec({'kind': loss}).title} applies its own {own} to logits, but the last layer, "
        f"{last.capitalize()}, already gives probabilities: remove that layer or choose a loss on probabilities."
    )


@pytest.mark.parametrize("behind", [["flatten"], ["dropout"], ["dropout", "flatten"]], ids=str)
@pytest.mark.parametrize(("last", "loss"), [("softmax", "cross_entropy"), ("sigmoid", "bce_with_logits")])
def test_what_only_passes_probabilities_on_does_not_hide_them(behind: list[str], last: str, loss: str):
    specs = [layer("dense", units=2), layer(last), *map(layer, behind)]
    text = message(OptionError, lambda: network_of(*specs, loss=loss))
    title = last.capitalize()
    assert f"but layer 2, {title}, the last that computes, already gives probabilities: remove that layer" in text


def test_what_only_passes_probabilities_on_may_stand_before_a_loss_on_them():
    network_of(layer("dense", units=2), layer("softmax"), layer("flatten"), loss="negative_log_likelihood")
    network_of(layer("dense", units=2), layer("sigmoid"), layer("flatten"), loss="binary_cross_entropy")
    network_of(layer("dense", units=2), layer("flatten"), layer("dropout"), loss="cross_entropy")


@pytest.mark.parametrize(
    ("last", "loss"), [("softmax", "negative_log_likelihood"), ("sigmoid", "binary_cross_entropy")]
)
def test_dropout_makes_other_numbers_of_probabilities(last: str, loss: str):
    specs = [layer("dense", units=2), layer(last), layer("dropout"), layer("flatten")]
    text = message(OptionError, lambda: network_of(*specs, loss=loss))
    assert text.endswith(f"Dropout changes those of {last.capitalize()}: move Dropout before {last.capitalize()}.")


@pytest.mark.parametrize("loss", ["negative_log_likelihood", "binary_cross_entropy"])
def test_a_loss_on_probabilities_wants_probabilities(loss: str):
    text = message(OptionError, lambda: network_of(layer("dense", units=2), loss=loss))
    assert "the last layer, Dense, gives any number" in text and "add Sigmoid or Softmax at the end" in text
    assert network_of(layer("dense", units=2), layer("softmax"), loss=loss).loss.kind == loss


def test_values_may_be_anything():
    for last in ("softmax", "sigmoid", "relu"):
        network_of(layer("dense", units=2), layer(last), loss="mse")


def _without(state: Arrays, name: str) -> Arrays:
    return {n: a for n, a in state.items() if n != name}


def _poked(state: Arrays, name: str, value: float) -> Arrays:
    array = state[name].copy()
    array.flat[-1] = value
    return state | {name: array}


REJECTIONS: dict[str, tuple[Callable[[Arrays], Arrays], list[str]]] = {
    "missing": (lambda s: _without(s, "8.bias"), ["lack 8.bias (layer 9, Dense)"]),
    "missing buffer": (lambda s: _without(s, "1.running_var"), ["lack 1.running_var (layer 2, BatchNorm)"]),
    "extra": (lambda s: s | {"9.weight": np.zeros(3)}, ["contain 9.weight, which"]),
    "extra in a layer": (lambda s: s | {"1.beta": np.zeros(3)}, ["contain 1.beta (layer 2, BatchNorm), which"]),
    "extra under no name": (lambda s: s | cast(Arrays, {3: np.zeros(3), "x": np.zeros(3)}), ["contain 3 "]),
    "nothing": (lambda s: {}, ["lack 0.bias (layer 1, Conv2D)"]),
    "no mapping": (lambda s: cast(Arrays, [1, 2]), ["arrays by name", "not [1, 2]"]),
    "None": (lambda s: cast(Arrays, None), ["arrays by name", "not None"]),
    "shape": (lambda s: s | {"8.weight": np.zeros((9, 5))}, ["8.weight (layer 9, Dense) has shape 9×5", "5×9 here"]),
    "broadcastable shape": (lambda s: s | {"8.weight": np.zeros((1, 9))}, ["8.weight", "1×9", "5×9"]),
    "a number for a vector": (lambda s: s | {"8.bias": np.array(0.0)}, ["8.bias (layer 9, Dense) has shape () "]),
    "None for a vector": (lambda s: s | cast(Arrays, {"8.bias": None}), ["8.bias (layer 9, Dense) must", "not None"]),
    "lists of different lengths": (
        lambda s: s | cast(Arrays, {"8.bias": [[1.0], 2.0]}),
        ["8.bias (", "not [[1.0], 2.0]"],
    ),
    "objects": (
        lambda s: s | {"8.bias": np.array([None] * 5)},
        ["8.bias (layer 9, Dense) must be an array of numbers"],
    ),
    "NaN": (lambda s: _poked(s, "8.bias", np.nan), ["8.bias", "finite"]),
    "infinite": (lambda s: _poked(s, "0.weight", -np.inf), ["0.weight", "finite"]),
    "too large for float32": (lambda s: s | {"8.bias": np.full(5, 1e39)}, ["8.bias", "finite"]),
    "NaN buffer": (lambda s: _poked(s, "6.running_mean", np.nan), ["6.running_mean", "finite"]),
    "texts": (lambda s: s | {"0.bias": np.array(["a"] * 4)}, ["0.bias (layer 1, Conv2D) must", "floating", "type <U1"]),
    "integers": (lambda s: s | {"0.bias": np.arange(4)}, ["0.bias (layer 1, Conv2D) must hold floating", "type int64"]),
    "truths": (lambda s: s | {"0.bias": np.ones(4, bool)}, ["0.bias (layer 1, Conv2D) must hold", "type bool"]),
    "complex": (lambda s: s | {"0.bias": np.ones(4, complex)}, ["0.bias (", "type complex128"]),
    "a negative variance": (
        lambda s: _poked(s, "1.running_var", -0.25),
        ["1.running_var (layer 2, BatchNorm) cannot be negative, but holds −0.25"],
    ),
}


@pytest.mark.parametrize("why", REJECTIONS)
def test_weights_that_do_not_fit_are_refused_and_nothing_changes(why: str):
    network = BATCH_NORM.network(np.float32)
    change, words = REJECTIONS[why]
    wrong = change({name: array + 1 for name, array in network.state_dict().items()})
    before = network.state_dict()
    text = message(StateError, lambda: network.load_state_dict(wrong))
    assert all(word in text for word in words), text
    assert text.endswith(".")
    assert all(np.array_equal(a, before[n]) for n, a in network.state_dict().items())


def test_weights_may_come_in_any_precision_and_as_lists():
    network = BATCH_NORM.network(np.float32)
    state = {name: np.round(array, 2) for name, array in network.state_dict().items()}
    for other in ({n: a.astype(np.float64) for n, a in state.items()}, {n: a.tolist() for n, a in state.items()}):
        twin = BATCH_NORM.network(np.float32, seed=9)
        twin.load_state_dict(cast(Arrays, other))
        assert all(np.array_equal(a, state[n]) for n, a in twin.state_dict().items())


def test_a_mean_may_be_negative():
    network = BATCH_NORM.network(np.float32)
    network.load_state_dict(_poked(network.state_dict(), "1.running_mean", -1.0))
    assert network.buffers()["1.running_mean"][-1] == -1


def test_weights_for_a_network_that_is_not_built():
    text = message(StateError, lambda: BATCH_NORM.unbuilt().load_state_dict(BATCH_NORM.network().state_dict()))
    assert text == "The network has no place for weights before it is built."
