"""What a training step changes before it is known to be good, and how it is put back when it is not."""

from typing import Any, NoReturn

import numpy as np

from core.health import NonFiniteFinder
from core.network import Network
from core.types import Array, Arrays

Before = tuple[list[Arrays], Any]
"""The buffers from before a step, layer by layer, and the random state if a layer draws from it."""


class Safeguard:
    """Takes steps of a network back; its parameters are not among what is put back, they change last."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.remembering = tuple(layer for layer in network.layers if layer.buffers)
        """The layers whose buffers a step changes."""
        self._draws = any(layer.kind == "dropout" for layer in network.layers)

    def before(self, rng: np.random.Generator) -> Before:
        """What the step that is about to be made may have to be taken back to."""
        buffers = [{name: buffer.copy() for name, buffer in layer.buffers.items()} for layer in self.remembering]
        return buffers, rng.bit_generator.state if self._draws else None

    def rewind(self, before: Before, rng: np.random.Generator) -> None:
        """Take a step back."""
        for layer, buffers in zip(self.remembering, before[0], strict=True):
            for name, array in buffers.items():
                layer.buffers[name][...] = array
        if before[1] is not None:
            rng.bit_generator.state = before[1]

    def refuse(
        self, x: Array, target: Array, before: Before, rng: np.random.Generator, step: int, pull: Arrays
    ) -> NoReturn:
        """Take the bad step number `step` back and raise the NonFiniteError that says where it went bad.

        `pull` is what the penalty added to the gradients.
        """
        finder = NonFiniteFinder(self._network)
        self.rewind(before, rng)
        self._network.loss_and_gradients(x, target, rng, finder)
        self.rewind(before, rng)
        raise finder.error(step, pull)
