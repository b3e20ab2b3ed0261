"""Norms of gradients, and training steps that are not made because one of them leaves its range.

Meant is the gradient of the loss as the backward pass gives it, before a penalty adds to it and before clipping. Runs
and walks along the tape ask the same lines, so both stop at the same step, with the same sentence.
"""

import dataclasses
import math
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from core.network import Network
from core.types import Array, Arrays, ChainruleError, OptionError
from core.words import count, parameter_words

WHOLE = ""
"""In place of a parameter's name: the gradient of all parameters together."""

_ALL_DIGITS = 17


@dataclasses.dataclass(frozen=True)
class NormRange:
    """The norms that a gradient may have.

    Range: low ≤ norm ≤ high is left alone; low below 0 or above high raises OptionError
    """

    parameter: str  # "0.weight", or WHOLE
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:  # also refuses NaN
            raise OptionError(
                f"A norm lies between 0 and infinity, and the range has to go upwards: {self.low:g} to {self.high:g} "
                f"does not."
            )

    def words(self) -> str:
        """What it waits for: "norm of the gradient of the weight of layer 1 outside 0.1 to 10"."""
        return f"norm of {gradient_words(self.parameter)} outside {self.low:g} to {self.high:g}"

    def holds(self, norm: float) -> bool:
        """Whether a norm lies in the range; NaN does not."""
        return self.low <= norm <= self.high

    def sentence(self, step: int, norm: float) -> str:
        """That step number `step` came to a norm outside of the range."""
        # As few digits as show that it lies outside.
        texts = (f"{norm:.{digits}g}" for digits in range(3, _ALL_DIGITS))
        text = next((text for text in texts if not self.holds(float(text))), repr(norm))
        range_ = f"{self.low:g} to {self.high:g}"
        return (
            f"Stopped in step {count(step)}: the norm of {gradient_words(self.parameter)} is {text}, outside {range_}."
        )


class NormError(ChainruleError):
    """The norm of a gradient left its range; the step was not made, everything is as it was before it."""


class NormWatch:
    """Watches steps, as the network's observer, for gradients that leave a range."""

    def __init__(self, network: Network, ranges: Sequence[NormRange]) -> None:
        self._network = network
        self._ranges = ranges
        self._gradients: Arrays = {}  # by parameter, each until the next step has its own
        self.left: tuple[NormRange, float] | None = None
        """The first range that the last step left, and the norm it came to."""

    def forward(self, index: int, x: Array, y: Array, cache: Arrays) -> None:
        pass

    def loss(self, prediction: Array, target: Array, value: float, gradient: Array) -> None:
        self.left = None

    def backward(self, index: int, dy: Array, dx: Array | None, grads: Arrays, cache: Arrays) -> None:
        if self.left is None:
            new = {f"{index}.{name}": grad for name, grad in grads.items()}
            self._gradients |= new
            self.left = first_left(self._ranges, self._gradients, new, index == self._network.first_trainable)

    def error(self, step: int) -> NormError:
        """What the last step came to, as the error of step number `step`."""
        assert self.left
        range_, norm = self.left
        return NormError(range_.sentence(step, norm))


def first_left(
    ranges: Sequence[NormRange], gradients: Arrays, new: Collection[str], complete: bool
) -> tuple[NormRange, float] | None:
    """The first range that a gradient leaves which is complete just now, and its norm.

    `gradients` are those by parameter so far, the `new` ones among them from the last layer; `complete` says whether
    these are all that there are.
    """
    for range_ in ranges:
        is_ready = complete if range_.parameter == WHOLE else range_.parameter in new
        if is_ready and not range_.holds(norm := norm_of(gradients, range_.parameter)):
            return range_, norm
    return None


def norm_of(gradients: Arrays, parameter: str) -> float:
    """The Euclidean norm of the gradient by a parameter, or by all of them.

    Formula: ‖g‖ = √Σ g², summed in float64
    """
    return _length(array for name, array in gradients.items() if parameter in (WHOLE, name))


def norm(array: Array) -> float:
    """The Euclidean norm of all entries of one array.

    Formula: ‖a‖ = √Σ a², summed in float64
    """
    return _length([array])


def update_ratio(before: Array, after: Array) -> float:
    """How far an update moved a parameter, measured by its own size.

    Formula: ‖after − before‖ / ‖before‖; infinite where a parameter of zeros has moved, 0 where it has not
    """
    # Weights that have gone astray are told as they are: ∞ − ∞ is NaN.
    with np.errstate(all="ignore"):
        moved, size = norm(after - before), norm(before)
    if size == 0:
        return math.inf if moved else 0.0
    return moved / size


def gradient_words(parameter: str) -> str:
    """ "the gradient of the weight of layer 1", "the whole gradient"."""
    return f"the gradient of {parameter_words(parameter)}" if parameter != WHOLE else "the whole gradient"


def _length(arrays: Iterable[Array]) -> float:
    with np.errstate(over="ignore"):
        return math.sqrt(sum(float(np.square(array, dtype=np.float64).sum()) for array in arrays))
