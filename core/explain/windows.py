"""Which inputs a sliding window meets, asked for one position, one input or one place in the window, along one axis.

Position o sees, at offset k of its window, input o·stride + k − padding; what lies outside the image is left out.
"""

import dataclasses

import numpy as np

from core.types import Array


@dataclasses.dataclass(frozen=True)
class Axis:
    """One axis of an image with `size` inputs and `positions` outputs; `padding` is that before the image."""

    size: int
    positions: int
    kernel: int
    stride: int
    padding: int

    def of_position(self, position: int) -> tuple[Array, Array]:
        """What a position sees: inputs and their offsets."""
        offsets = np.arange(self.kernel)
        inputs = position * self.stride + offsets - self.padding
        inside = (inputs >= 0) & (inputs < self.size)
        return inputs[inside], offsets[inside]

    def last_of(self, position: int) -> int:
        """The last input of the window at a position; it may lie behind the image."""
        return position * self.stride + self.kernel - 1 - self.padding

    def of_input(self, given: int) -> tuple[Array, Array]:
        """Who sees an input: positions, and at which offset."""
        positions = np.arange(self.positions)
        offsets = given + self.padding - positions * self.stride
        meets = (offsets >= 0) & (offsets < self.kernel)
        return positions[meets], offsets[meets]

    def of_offset(self, offset: int) -> tuple[Array, Array]:
        """What stands under one place of the window: positions and their inputs."""
        positions = np.arange(self.positions)
        inputs = positions * self.stride + offset - self.padding
        inside = (inputs >= 0) & (inputs < self.size)
        return positions[inside], inputs[inside]


def as_slice(inputs: Array) -> slice:
    """Neighbouring numbers as a slice."""
    return slice(int(inputs[0]), int(inputs[-1]) + 1) if len(inputs) else slice(0, 0)
