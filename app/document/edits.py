"""The edits one can take back: an edit is the moment before it, with a label that says what changed."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from app.document.history import History
from app.document.snapshots import Line, state_arrays
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.types import Array

LIMIT = 50
"""Edits that are remembered."""

BUDGET = 128 * 10**6
"""Bytes that the weights of their moments may take together; the oldest edits make room, never the last one."""


@dataclasses.dataclass(frozen=True)
class Moment:
    """The document at one moment: the choices, the data and how far training had come."""

    experiment: Experiment
    data: Dataset
    state: dict[str, Any] | None  # of the trainer; None where there are no weights
    cursor: int  # on the tape of the batch that follows the state
    history: History
    marks: list[tuple[int, str]]  # step → the change that took effect after it
    selected: int  # layer
    kept: Line  # the states one could travel to; they share the room there is, so some may be gone by now

    def is_of(self, history: History, steps: int) -> bool:
        """Whether this is a moment of that training, after so many steps, and it came no further since."""
        return self.state is not None and self.state["steps"] == steps and self.history.is_same(history)


class Edits:
    """Two stacks of moments: those before edits that can be undone, and those before undos that can be redone."""

    def __init__(self) -> None:
        self._done: list[tuple[str, Moment]] = []
        self._undone: list[tuple[str, Moment]] = []

    @property
    def undo_label(self) -> str:
        """What Undo would take back; empty when there is nothing."""
        return self._done[-1][0] if self._done else ""

    @property
    def redo_label(self) -> str:
        """What Redo would do again; empty when there is nothing."""
        return self._undone[-1][0] if self._undone else ""

    @property
    def bytes(self) -> int:
        """Memory that the states of all moments take; arrays that several share count once."""
        states = [moment.state for _, moment in (*self._done, *self._undone) if moment.state]
        return sum({id(array): array.nbytes for state in states for array in state_arrays(state)}.values())

    def add(self, label: str, before: Moment) -> None:
        """Remember the moment before an edit; what was undone can no longer be redone."""
        self._done.append((label, self._slimmed(before)))
        self._undone.clear()
        while len(self._done) > LIMIT or (len(self._done) > 1 and self.bytes > BUDGET):
            del self._done[0]

    def undo(self, now: Moment) -> Moment | None:
        """The moment before the last edit; `now` can then be redone."""
        return self._move(self._done, self._undone, now)

    def redo(self, now: Moment) -> Moment | None:
        """The moment before the last undo."""
        return self._move(self._undone, self._done, now)

    def _move(self, source: list[tuple[str, Moment]], target: list[tuple[str, Moment]], now: Moment) -> Moment | None:
        if not source:
            return None
        now = self._slimmed(now)
        label, moment = source.pop()
        target.append((label, now))
        return moment

    def _slimmed(self, moment: Moment) -> Moment:
        """The moment with arrays that are at hand already in place of equal ones: many edits keep the weights."""
        if moment.state is None:
            return moment
        step, state = moment.state["steps"], moment.state
        last = [stack[-1][1].state for stack in (self._done, self._undone) if stack]
        kept = [kept.state for kept in moment.kept if kept.step == step]
        for other in (*last, *kept):
            if other is not None and other["steps"] == step:
                state = _shared(state, other)
        return dataclasses.replace(moment, state=state)


def _shared(value: Any, other: Any) -> Any:
    """A value, nested or not, in which arrays that are equal, bit for bit, are those of the other one."""
    if isinstance(value, Mapping) and isinstance(other, Mapping):
        return {name: _shared(item, other.get(name)) for name, item in value.items()}
    are_arrays = isinstance(value, np.ndarray) and isinstance(other, np.ndarray)
    return other if are_arrays and _same_bits(value, other) else value


def _same_bits(one: Array, other: Array) -> bool:
    bits = f"u{one.itemsize}"
    same_kind = one.shape == other.shape and one.dtype == other.dtype
    return one is other or (same_kind and np.array_equal(one.view(bits), other.view(bits)))
