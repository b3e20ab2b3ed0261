"""Whether the parts of a network and its training fit one another, and the data and weights from elsewhere fit them.

What does not fit is refused with a sentence that names the layer, what was expected and what was given.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from core.clipping import Clipping
from core.datasets.base import Dataset
from core.initializers import Initializer
from core.layers.activations import Softmax
from core.layers.base import Layer
from core.layers.dropout import Dropout
from core.losses import Loss
from core.optimizers import Optimizer
from core.penalties import Penalty
from core.schedules import Schedule
from core.types import (
    Array,
    Arrays,
    DataError,
    OptionError,
    Shape,
    ShapeError,
    StateError,
    check_is,
    is_count,
    shape_text,
)
from core.words import layer_subject, layer_words, number, said


def check_parts(layers: Any, loss: Any, initializer: Any) -> None:
    """Raise `OptionError` unless these are different layers, a loss that suits the last of them, and an initialiser."""
    if not isinstance(layers, Sequence):
        raise OptionError(f"A network is made of a list of layers, not of {said(layers)}.")
    places: dict[int, int] = {}
    for index, layer in enumerate(layers):
        check_is(layer, Layer, f"Layer {index + 1} of a network", "a layer such as Dense(8)")
        if (first := places.setdefault(id(layer), index)) < index:
            raise OptionError(
                f"{layer_subject(index, layer.title)} is the same object as {layer_words(first)}: make one of its own "
                f"for every place."
            )
    check_is(loss, Loss, "The loss of a network", "a loss such as MSE()")
    check_is(initializer, Initializer, "The initialiser of a network", "an initialiser such as HeNormal()")
    if layers:
        _check_loss(layers, loss)


def _check_loss(layers: Sequence[Layer], loss: Loss) -> None:
    at = max((i for i, layer in enumerate(layers) if layer.output != "as given"), default=len(layers) - 1)
    giver, behind = layers[at], layers[at + 1 :]
    last = f"{layer_words(at, giver.title)}, the last that computes," if behind else f"the last layer, {giver.title},"
    if loss.takes == "logits" and giver.output == "probabilities":
        own = "softmax" if loss.class_targets else "sigmoid"
        raise OptionError(
            f"{loss.title} applies its own {own} to logits, but {last} already gives probabilities: remove that layer "
            f"or choose a loss on probabilities."
        )
    if loss.takes != "probabilities":
        return
    if giver.output != "probabilities":
        raise OptionError(
            f"{loss.title} takes probabilities, but {last} gives any number: add Sigmoid or Softmax at the end or "
            f"choose a loss on logits."
        )
    if any(isinstance(layer, Dropout) for layer in behind):
        raise OptionError(
            f"{loss.title} takes probabilities, but in training Dropout changes those of {giver.title}: move Dropout "
            f"before {giver.title}."
        )
    if loss.class_targets and not isinstance(giver, Softmax):
        raise OptionError(
            f"{loss.title} takes probabilities that add up to 1, but {giver.title} gives each class one of its own: "
            f"end with Softmax or choose binary cross-entropy."
        )


def checked_state(layers: Sequence[Layer], state: Any) -> Arrays:
    """The arrays of a state by name, all of which these layers can take over as their parameters and buffers.

    Errors: StateError naming what is missing, extra, of the wrong shape or type, not finite, or negative
    """
    if not isinstance(state, Mapping):
        raise StateError(f"Weights are arrays by name, such as 0.weight, not {said(state)}.")
    if any(layer.dtype is None for layer in layers):
        raise StateError("The network has no place for weights before it is built.")
    own = {f"{index}.{name}": (index, name, array) for index, name, array in _arrays(layers)}
    if missing := sorted(own.keys() - state.keys()):
        raise StateError(
            f"The weights lack {_place(missing[0], layers)}, which this network needs: they belong to another network."
        )
    if extra := sorted(state.keys() - own.keys(), key=str):
        raise StateError(f"The weights contain {_place(extra[0], layers)}, which this network has no place for.")
    found = {}
    for key, (index, name, array) in own.items():
        found[key] = given = _floats(state[key], array, _place(key, layers))
        if name in layers[index].never_negative and (given < 0).any():
            raise StateError(
                f"{_place(key, layers)} cannot be negative, but holds {number(given.min())}; the weights were not "
                f"taken over."
            )
    return found


def check_choices(optimizer: Any, schedule: Any, penalty: Any, clipping: Any) -> None:
    """Raise `OptionError` unless each of these is what its name says."""
    check_is(optimizer, Optimizer, "Training: the optimizer", "an optimizer such as Adam()")
    check_is(schedule, Schedule, "Training: the schedule", "a schedule such as CosineRate()")
    check_is(penalty, Penalty, "Training: the penalty", "a penalty such as L2Penalty()")
    check_is(clipping, Clipping, "Training: the clipping", "a clipping such as ClipNorm()")


def check_data(input_shape: Shape, data: Any) -> None:
    """Raise `ShapeError` or `DataError` unless a network built for samples of that shape can train with the data."""
    if not isinstance(data, Dataset):
        raise DataError(f"Training takes a loaded data set, not {said(data)}.")
    if input_shape != data.input_shape:
        raise ShapeError(
            f"The network was built for samples of {shape_text(input_shape)}, and those of {data.title} "
            f"are {shape_text(data.input_shape)}: build it for the data."
        )
    for part, x, targets in (("train", data.x_train, data.t_train), ("test", data.x_test, data.t_test)):
        if not len(x):
            raise DataError(f"{data.title} has no samples to {part} with.")
        if len(x) != len(targets):
            raise DataError(f"{data.title} has {len(x)} samples to {part} with, but {len(targets)} targets for them.")
        if x.shape[1:] != input_shape:
            raise ShapeError(
                f"The samples of {data.title} to {part} with are {shape_text(x.shape[1:]) or '()'}, and those to train "
                f"with {shape_text(input_shape)}: they must be alike."
            )


def checked_progress(state: Any) -> tuple[int, np.random.Generator]:
    """How many steps a saved training has made, and its random generator. Errors: StateError"""
    for name in ("weights", "optimizer", "steps", "rng"):
        if not isinstance(state, Mapping) or name not in state:
            raise StateError(f"The saved state of the training has no {name!r}.")
    steps, rng = state["steps"], np.random.default_rng()
    if not is_count(steps):
        raise StateError(f"The saved state has {said(steps)} as its number of steps.")
    try:
        rng.bit_generator.state = state["rng"]
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise StateError("The saved state of the random generator cannot be read.") from error
    return steps, rng


def _arrays(layers: Sequence[Layer]) -> Iterator[tuple[int, str, Array]]:
    for index, layer in enumerate(layers):
        for name, array in (layer.params | layer.buffers).items():
            yield index, name, array


def _floats(given: Any, own: Array, place: str) -> Array:
    """What was given in the place of an array of one's own, as an array, if it has that shape and finite numbers."""
    try:
        array = np.asarray(given)
    except (TypeError, ValueError):  # lists of different lengths
        array = np.asarray(None)
    if array.dtype == object:
        raise StateError(f"{place} must be an array of numbers, not {said(given)}; the weights were not taken over.")
    if array.shape != own.shape:
        raise StateError(
            f"{place} has shape {shape_text(array.shape) or '()'} in the weights and {shape_text(own.shape)} here."
        )
    if not np.issubdtype(array.dtype, np.floating):
        raise StateError(
            f"{place} must hold floating-point numbers, not values of type {array.dtype}; the weights were not taken "
            f"over."
        )
    with np.errstate(over="ignore"):  # 1e39 is a number of float64, not of float32
        array = array.astype(own.dtype)
    if not np.isfinite(array).all():
        raise StateError(
            f"{place} holds values that are not finite numbers of {own.dtype}; the weights were not taken over."
        )
    return array


def _place(name: Any, layers: Sequence[Layer]) -> str:
    """ "0.weight (layer 1, Dense)"; the name alone where there is no such layer."""
    index = str(name).split(".", maxsplit=1)[0]
    if not index.isdecimal() or int(index) >= len(layers):
        return str(name)
    return f"{name} ({layer_words(int(index), layers[int(index)].title)})"
