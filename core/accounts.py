"""What a record of the tape did, in one sentence a student can read.

One function for each direction, with a version for every layer that has more to say than its shapes.
"""

from functools import singledispatch

import numpy as np

from core.layers.activations import Sigmoid, Softmax, Tanh
from core.layers.base import Layer
from core.layers.dense import Dense
from core.layers.rectifiers import ReLU
from core.layers.shape import Flatten
from core.losses import Loss
from core.types import Array, Arrays, shape_text


def count(number: int) -> str:
    """A count with thin spaces between thousands: 12 544."""
    return f"{number:,}".replace(",", "\u202f")


def plural(number: int, word: str) -> str:
    """ "1 weight", "3 weights"."""
    return f"{count(number)} {word}{'' if number == 1 else 's'}"


@singledispatch
def forward_account(layer: Layer, x: Array, y: Array, cache: Arrays) -> str:
    """What the layer made of its input."""
    return f"{layer.title} forward: {shape_text(x.shape[1:])} in, {shape_text(y.shape[1:])} out."


@forward_account.register
def _(layer: Dense, x: Array, y: Array, cache: Arrays) -> str:
    return (
        f"Dense forward: each of {plural(y.shape[1], 'output')} is a sum of {plural(x.shape[1], 'product')} "
        f"input × weight, plus a bias."
    )


@forward_account.register
def _(layer: Flatten, x: Array, y: Array, cache: Arrays) -> str:
    return f"Flatten forward: {shape_text(x.shape[1:])} values are laid out as a vector of {count(y.shape[1])}."


@forward_account.register
def _(layer: ReLU, x: Array, y: Array, cache: Arrays) -> str:
    return f"ReLU forward: {count(np.count_nonzero(y))} of {count(y.size)} values are positive and pass, the rest are 0."


@forward_account.register(Sigmoid)
@forward_account.register(Tanh)
def _(layer: Layer, x: Array, y: Array, cache: Arrays) -> str:
    span = "between 0 and 1" if isinstance(layer, Sigmoid) else "between −1 and 1"
    return f"{layer.title} forward: {plural(y.size, 'value')} squashed to {span}, each by itself."


@forward_account.register
def _(layer: Softmax, x: Array, y: Array, cache: Arrays) -> str:
    return f"Softmax forward: {count(y.shape[1])} values of each sample become probabilities that add up to 1."


@singledispatch
def backward_account(layer: Layer, dy: Array, dx: Array | None, cache: Arrays) -> str:
    """How the layer passed the gradient on."""
    return f"{layer.title} backward: the gradient of {shape_text(dy.shape[1:])} outputs goes back to its inputs."


@backward_account.register
def _(layer: Dense, dy: Array, dx: Array | None, cache: Arrays) -> str:
    text = (
        f"Dense backward: each of {plural(layer.params['weight'].size, 'weight')} collects "
        f"{plural(len(dy), 'product')} input × dy, one a sample"
    )
    if dx is None:
        return text + "; nothing before it learns, so no gradient goes further."
    return text + f"; each input gets back {plural(dy.shape[1], 'product')} weight × dy."


@backward_account.register
def _(layer: Flatten, dy: Array, dx: Array | None, cache: Arrays) -> str:
    return f"Flatten backward: the {count(dy.shape[1])} gradients go back to their places in {shape_text(layer.in_shape)}."


@backward_account.register
def _(layer: ReLU, dy: Array, dx: Array | None, cache: Arrays) -> str:
    passed = np.count_nonzero(cache["y"])
    return f"ReLU backward: {count(passed)} of {count(dy.size)} gradients pass, the rest are 0."


@backward_account.register(Sigmoid)
@backward_account.register(Tanh)
def _(layer: Layer, dy: Array, dx: Array | None, cache: Arrays) -> str:
    slope = cache["y"] * (1 - cache["y"]) if isinstance(layer, Sigmoid) else 1 - cache["y"] ** 2
    return f"{layer.title} backward: each gradient is multiplied by the slope of the curve there, {slope.mean():.3f} on average."


@backward_account.register
def _(layer: Softmax, dy: Array, dx: Array | None, cache: Arrays) -> str:
    return "Softmax backward: raising one output lowers the others, so every input hears from all outputs of its sample."


def loss_account(loss: Loss, prediction: Array, target: Array, value: float) -> str:
    """How wrong the batch was."""
    per_sample = loss.per_sample(prediction, target)
    return (
        f"{loss.title}: {value:.4f}, the mean over {plural(len(per_sample), 'sample')}; "
        f"the worst one has {per_sample.max():.4f}."
    )


def update_account(name: str, before: Array, after: Array, learning_rate: float) -> str:
    """How far a parameter moved."""
    change = np.abs(after - before)
    layer, parameter = name.split(".")
    return (
        f"Update of the {parameter} of layer {int(layer) + 1}: {plural(before.size, 'value')} moved by "
        f"{change.mean():.2g} on average, {change.max():.2g} at most (learning rate {learning_rate:g})."
    )
