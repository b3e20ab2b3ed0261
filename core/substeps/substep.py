"""What a sub-step is: one line of a layer's, loss's or optimizer's own calculation, with the array it gives."""

import dataclasses
from collections.abc import Callable
from functools import cached_property

from core.types import Array


@dataclasses.dataclass(frozen=True, eq=False)
class SubStep:
    """One line of the calculation behind a record.

    The array is made when it is first asked for, because a convolution has one of the size of its output for each
    window, or row of windows.
    """

    name: str  # short, as it stands above a picture: "x̂"
    formula: str
    words: str  # one sentence
    make: Callable[[], Array]
    result: str = ""  # the tensor of the record (or its cache) that this is; of a loss also "value" and "p"
    per_sample: bool = True  # whether the first axis counts the samples of the batch
    backward: bool = False  # whether it belongs to the gradient
    like: str = ""  # the tensor of the record that has the same places, and with which its colours are compared

    @property
    def leads_to(self) -> str:
        """The tensor of the record whose places it has; empty where none is named."""
        return self.result or self.like

    @cached_property
    def tensor(self) -> Array:
        """What the line gives."""
        return self.make()


def given(array: Array) -> Callable[[], Array]:
    """An array that is there already, as `SubStep.make` wants it."""
    return lambda: array
