"""Where a person wants to stop: at a layer in one direction, or when a gradient grows too long or too short.

Values that are not finite always are a reason to stop.
"""

import dataclasses
import math
from typing import ClassVar

import numpy as np
from psygnal import Signal

from core.tape import Phase, Record, Tape
from core.types import Array, OptionError

WHOLE = ""
"""In place of a parameter's name: the gradient of all parameters together."""

_DIRECTIONS: dict[Phase, str] = {
    "forward": "forward of {}",
    "loss": "{}",
    "backward": "backward of {}",
    "update": "update of {}",
}


@dataclasses.dataclass(frozen=True)
class RecordBreak:
    """Stops whenever the tape comes to that record."""

    phase: Phase
    index: int
    name: str  # of the layer, the loss or the parameter

    def words(self) -> str:
        """What it waits for: "backward of layer 2, Dense"."""
        thing = self.name if self.phase in ("loss", "update") else f"layer {self.index + 1}, {self.name}"
        return _DIRECTIONS[self.phase].format(thing)


@dataclasses.dataclass(frozen=True)
class NormBreak:
    """Stops when the norm of a gradient leaves a range.

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
        """What it waits for: "norm of the gradient of 0.weight outside 0.1 to 10"."""
        return f"norm of {gradient_words(self.parameter)} outside {self.low:g} to {self.high:g}"


Break = RecordBreak | NormBreak


class Breakpoints:
    """What is set, and whether the tape has come to a reason to stop."""

    changed: ClassVar[Signal] = Signal()

    def __init__(self) -> None:
        self._items: list[Break] = []

    @property
    def items(self) -> tuple[Break, ...]:
        """Everything that is set, in the order in which it was."""
        return tuple(self._items)

    def toggle(self, record: Record) -> None:
        """Set a stop at a record, or remove the one there."""
        wanted = RecordBreak(record.phase, record.index, record.name)
        if wanted in self._items:
            self._items.remove(wanted)
        else:
            self._items.append(wanted)
        self.changed.emit()

    def add(self, item: NormBreak) -> None:
        """Watch a gradient; an earlier range of the same gradient is replaced."""
        self._items = [
            other for other in self._items if not (isinstance(other, NormBreak) and other.parameter == item.parameter)
        ]
        self._items.append(item)
        self.changed.emit()

    def remove(self, item: Break) -> None:
        """Remove one of them."""
        self._items.remove(item)
        self.changed.emit()

    def clear(self) -> None:
        """Remove all."""
        self._items.clear()
        self.changed.emit()

    def is_at(self, record: Record) -> bool:
        """Whether there is a stop at a record."""
        return RecordBreak(record.phase, record.index, record.name) in self._items

    def any_in(self, tape: Tape) -> bool:
        """Whether any record of the tape has a stop."""
        return any(self.is_at(record) for record in tape.records)

    def reason(self, tape: Tape, cursor: int) -> str:
        """Why to stop now that so many records are done, as a sentence; empty to go on."""
        record = tape.records[cursor - 1]
        if not_finite := _not_finite(record):
            return f"Stopped: {not_finite} of {record.name} holds values that are not finite."
        for item in self._items:
            if isinstance(item, NormBreak):
                norm = _norm(tape, cursor, item.parameter)
                if norm is not None and not item.low <= norm <= item.high:
                    range_ = f"{item.low:g} to {item.high:g}"
                    return f"Stopped: the norm of {gradient_words(item.parameter)} is {norm:.3g}, outside {range_}."
        if self.is_at(record):
            return f"Stopped at the breakpoint: {RecordBreak(record.phase, record.index, record.name).words()}."
        return ""


def gradient_words(parameter: str) -> str:
    """ "the gradient of 0.weight", "the whole gradient"."""
    return f"the gradient of {parameter}" if parameter != WHOLE else "the whole gradient"


def gradient_norm(tape: Tape, parameter: str) -> float:
    """The Euclidean norm of the gradient of the loss by a parameter, or by all of them."""
    found = [array for name, array in _gradients(tape.records).items() if parameter in (WHOLE, name)]
    return math.sqrt(sum(float(np.square(array, dtype=np.float64).sum()) for array in found))


def _norm(tape: Tape, cursor: int, parameter: str) -> float | None:
    """The norm if the record that was just done completes that gradient."""
    record = tape.records[cursor - 1]
    if record.phase != "backward":
        return None
    ends_here = cursor == len(tape) or tape.records[cursor].phase != "backward"
    complete = ends_here if parameter == WHOLE else parameter in _gradients((record,))
    return gradient_norm(tape, parameter) if complete else None


def _gradients(records: tuple[Record, ...]) -> dict[str, Array]:
    """The gradients of parameters in backward records, by the parameters' names."""
    return {
        f"{record.index}.{name.removeprefix('d_')}": array
        for record in records
        if record.phase == "backward"
        for name, array in record.tensors.items()
        if name.startswith("d_")
    }


def _not_finite(record: Record) -> str:
    """The name of a tensor with NaN or infinity; empty if all are numbers."""
    return next((name for name, array in record.tensors.items() if not np.isfinite(array).all()), "")
