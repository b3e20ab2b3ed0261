"""What is wrong with a network: here, values that are not finite, and where they came from.

A training step only looks at its loss and at the length of its gradient; once one of them is not finite, the step is
run again under the eyes of a `NonFiniteFinder`, which tells the first place.
"""

from typing import Any, Literal

import numpy as np

from core.network import Network
from core.tape import Tape
from core.types import Array, Arrays, ChainruleError
from core.words import count, layer_words, number

Direction = Literal["forward", "loss", "backward", "update"]

_KEPT = "the weights from before this step were kept."
_ADVICE = "Go back to an earlier step or start anew, with a lower learning rate or clipped gradients."


class NonFiniteError(ChainruleError):
    """A step came to NaN or infinity; the step was not made, everything is as it was before it.

    `tape` has what was computed of it, where it was recorded.
    """

    def __init__(self, text: str, step: int, layer: int, direction: Direction) -> None:
        super().__init__(text)
        self.step = step  # the number of the step that failed; the first is 1
        self.layer = layer  # index of the layer where it began; the number of layers stands for the loss
        self.direction = direction
        self.tape: Tape | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt from their text alone; this one has to cross from the training process to the window.
        return type(self), (str(self), self.step, self.layer, self.direction)


class NonFiniteFinder:
    """Watches a step, as the network's observer, for the first tensor that holds NaN or infinity."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._found: tuple[int, Direction, str, str] | None = None  # layer, direction, what, advice

    def forward(self, index: int, x: Array, y: Array, cache: Arrays) -> None:
        layer = self._layer(index)
        if index == 0 and not _finite(x):
            self._find(0, "forward", f"the data that enter {layer} hold values that are", "Mend the data.")
        for name, param in self._network.layers[index].params.items():
            if not _finite(param):
                advice = "Start anew with a lower learning rate or weight decay."
                self._find(index, "forward", f"the {name} of {layer} was already", advice)
        if not _finite(y):
            self._find(index, "forward", f"the values that leave {layer} going forward are")

    def loss(self, prediction: Array, target: Array, value: float, gradient: Array) -> None:
        if not np.isfinite(value) or not _finite(gradient):
            part = "the loss" if not np.isfinite(value) else "the gradient of the loss"
            self._find(len(self._network.layers), "loss", f"{part}, {self._network.loss.title}, is")

    def backward(self, index: int, dy: Array, dx: Array | None, grads: Arrays, cache: Arrays) -> None:
        for name, grad in grads.items():
            if not _finite(grad):
                self._find(index, "backward", f"the gradient of the {name} of {self._layer(index)} is")
        if dx is not None and not _finite(dx):
            self._find(index, "backward", f"the gradients that leave {self._layer(index)} going backward are")

    def error(self, step: int, pull: Arrays) -> NonFiniteError:
        """What was found, as the error of step number `step`; `pull` is what the penalty added to the gradients."""
        if self._found is None:
            return self._overflow(step, pull)
        layer, direction, what, advice = self._found
        text = f"Step {count(step)}: {what} not finite (NaN or infinity); {_KEPT} {advice}"
        return NonFiniteError(text, step, layer, direction)

    def _overflow(self, step: int, pull: Arrays) -> NonFiniteError:
        """All gradients are numbers, but the sum of their squares, which optimizers and clipping need, is not."""
        grads, parts = _largest(self._network.grads), _largest(pull)
        by_penalty = max(parts.values(), default=0.0) > max(grads.values())
        largest = parts if by_penalty else grads
        name = max(largest, key=largest.__getitem__)
        index = int(name.split(".")[0])
        whose = "the penalty's part of the gradients of" if by_penalty else "the gradients of"
        where = "" if by_penalty else " going backward"
        size = f"up to {number(largest[name], 2)}" if np.isfinite(largest[name]) else "beyond float32"
        text = (
            f"Step {count(step)}: {whose} {_layer(self._network, index)}{where} are so large ({size}) that their "
            f"squares are not finite; {_KEPT} {_ADVICE}"
        )
        return NonFiniteError(text, step, index, "backward")

    def _find(self, layer: int, direction: Direction, what: str, advice: str = _ADVICE) -> None:
        self._found = self._found or (layer, direction, what, advice)

    def _layer(self, index: int) -> str:
        return _layer(self._network, index)


def first_not_finite(arrays: Arrays) -> str | None:
    """The name of the first array that holds NaN or infinity."""
    return next((name for name, array in arrays.items() if not _finite(array)), None)


def lost_error(network: Network, name: str, step: int) -> NonFiniteError:
    """The error of a step whose loss and gradients were finite, but not what came of a parameter or buffer."""
    index, own = name.split(".", maxsplit=1)
    advice = "Scale the data, or start anew with a lower learning rate."
    if name in network.parameters():
        own, advice = f"updated {own}", "Go on with a lower learning rate or weight decay."
    what = f"the {own} of {_layer(network, int(index))} would not be"
    text = f"Step {count(step)}: {what} finite (NaN or infinity); {_KEPT} {advice}"
    return NonFiniteError(text, step, int(index), "update")


def _layer(network: Network, index: int) -> str:
    return f"{layer_words(index, network.layers[index].title)},"


def _largest(arrays: Arrays) -> dict[str, float]:
    """The largest size of each array's values."""
    return {name: float(np.abs(array).max()) for name, array in arrays.items()}


def _finite(array: Array) -> bool:
    return bool(np.isfinite(array).all())
