"""What is wrong with a network: here, values that are not finite, and where they came from.

A training step only looks at its loss and at the length of its gradient; once one of them is not finite, the step is
run again under the eyes of a `NonFiniteFinder`, which tells the first place.
"""

from typing import Any, Literal

import numpy as np

from core.network import Network
from core.types import Array, Arrays, ChainruleError
from core.words import number

Direction = Literal["forward", "loss", "backward"]

_KEPT = "the weights from before this step were kept."
_ADVICE = "Go back to an earlier step or start anew, with a lower learning rate or clipped gradients."


class NonFiniteError(ChainruleError):
    """A step came to NaN or infinity; the step was not made, everything is as it was before it."""

    def __init__(self, text: str, step: int, layer: int, direction: Direction) -> None:
        super().__init__(text)
        self.step = step  # the number of the step that failed; the first is 1
        self.layer = layer  # index of the layer where it began; the number of layers stands for the loss
        self.direction = direction

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

    def error(self, step: int) -> NonFiniteError:
        """What was found, as the error of step number `step`."""
        if self._found is None:
            return self._overflow(step)
        layer, direction, what, advice = self._found
        text = f"Step {step}: {what} not finite (NaN or infinity); {_KEPT} {advice}"
        return NonFiniteError(text, step, layer, direction)

    def _overflow(self, step: int) -> NonFiniteError:
        """All gradients are numbers, but the sum of their squares, which optimizers and clipping need, is not."""
        largest = {name: float(np.abs(grad).max()) for name, grad in self._network.grads.items()}
        name = max(largest, key=largest.__getitem__)
        index = int(name.split(".")[0])
        text = (
            f"Step {step}: the gradients of {self._layer(index)} going backward are so large (up to "
            f"{number(largest[name], 2)}) that their squares are not finite; {_KEPT} {_ADVICE}"
        )
        return NonFiniteError(text, step, index, "backward")

    def _find(self, layer: int, direction: Direction, what: str, advice: str = _ADVICE) -> None:
        self._found = self._found or (layer, direction, what, advice)

    def _layer(self, index: int) -> str:
        return f"layer {index + 1}, {self._network.layers[index].title},"


def _finite(array: Array) -> bool:
    return bool(np.isfinite(array).all())
