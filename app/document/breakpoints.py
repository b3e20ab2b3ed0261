"""Where a person wants to stop: at a layer in one direction, or when a gradient grows too long or too short.

Values that are not finite always are a reason to stop.
"""

import dataclasses
import math
from typing import ClassVar

import numpy as np
from psygnal import Signal

from core.norms import NormRange, first_left, norm_of
from core.tape import Phase, Record, Tape
from core.types import Arrays
from core.words import layer_words, parameter_words

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
        match self.phase:
            case "loss":
                thing = self.name
            case "update":
                thing = parameter_words(self.name)
            case _:
                thing = layer_words(self.index, self.name)
        return _DIRECTIONS[self.phase].format(thing)


Break = RecordBreak | NormRange


class Breakpoints:
    """What is set, and whether the tape has come to a reason to stop."""

    changed: ClassVar[Signal] = Signal()

    def __init__(self) -> None:
        self._items: list[Break] = []

    @property
    def items(self) -> tuple[Break, ...]:
        """Everything that is set, in the order in which it was."""
        return tuple(self._items)

    @property
    def norms(self) -> tuple[NormRange, ...]:
        """The norms that are watched."""
        return tuple(item for item in self._items if isinstance(item, NormRange))

    def toggle(self, record: Record) -> None:
        """Set a stop at a record, or remove the one there."""
        wanted = RecordBreak(record.phase, record.index, record.name)
        if wanted in self._items:
            self._items.remove(wanted)
        else:
            self._items.append(wanted)
        self.changed.emit()

    def add(self, item: NormRange) -> None:
        """Watch a gradient; an earlier range of the same gradient is replaced."""
        self._items = [
            other for other in self._items if not (isinstance(other, NormRange) and other.parameter == item.parameter)
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

    def first(self, tape: Tape, done: int) -> int | None:
        """The first place behind `done` records where there is a reason to stop."""
        return next((cursor for cursor in range(done + 1, len(tape) + 1) if self.reason(tape, cursor)), None)

    def reason(self, tape: Tape, cursor: int) -> str:
        """Why to stop now that so many records are done, as a sentence; empty to go on."""
        record = tape.records[cursor - 1]
        if not_finite := _not_finite(record):
            return f"Stopped: {not_finite} of {record.name} holds values that are not finite."
        if record.phase == "loss" and not math.isfinite(tape.loss):
            return f"Stopped: the loss, {record.name}, is not finite."
        if left := _left(self.norms, tape, cursor):
            range_, norm = left
            return range_.sentence(tape.step, norm)
        if tape.refused and cursor == len(tape):
            return tape.refused
        if self.is_at(record):
            return f"Stopped at the breakpoint: {RecordBreak(record.phase, record.index, record.name).words()}."
        return ""


def gradient_norm(tape: Tape, parameter: str) -> float:
    """The Euclidean norm of the gradient of the loss by a parameter, or by all of them."""
    return norm_of(_gradients(tape.records), parameter)


def _left(norms: tuple[NormRange, ...], tape: Tape, cursor: int) -> tuple[NormRange, float] | None:
    """The range that is left by a gradient which the record that was just done completes, and its norm."""
    record = tape.records[cursor - 1]
    if not norms or record.phase != "backward":
        return None
    is_last = cursor == len(tape) or tape.records[cursor].phase != "backward"
    return first_left(norms, _gradients(tape.records[:cursor]), _gradients((record,)), is_last)


def _gradients(records: tuple[Record, ...]) -> Arrays:
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
