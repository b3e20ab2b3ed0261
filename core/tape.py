"""The tape: one training step as a list of records, each with its tensors and what they were before and after.

The tape is made by watching the very step that trains (see `recording`). A cursor counts the records that are done: 0
is before the batch, `len(tape.records)` after the last update. Nothing is computed when the cursor moves; going back is
looking at an earlier record.
"""

import dataclasses
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Literal

from core.types import Array, Arrays

Phase = Literal["forward", "loss", "backward", "update"]


@dataclasses.dataclass(frozen=True)
class SourceLines:
    """Where the code stands that computed a record."""

    path: Path
    first: int
    last: int


@dataclasses.dataclass(frozen=True)
class Record:
    """One entry of the tape.

    `tensors` by phase: forward x, y; loss prediction, target, dy; backward dy, dx (absent where it is not needed) and
    d_<parameter>; update before, after, gradient and the optimizer's memory (<slot> before, <slot> after).
    """

    phase: Phase
    index: int  # of the layer; of the loss: the number of layers
    name: str  # "Dense", the loss's title, or the parameter "0.weight"
    tensors: Arrays
    cache: Arrays
    tell: Callable[[], str]  # makes the account; most records are looked at without it
    formula: str
    source: SourceLines

    @cached_property
    def account(self) -> str:
        """One sentence: what happened."""
        return self.tell()


@dataclasses.dataclass(frozen=True)
class Tape:
    """One batch, from the first layer's forward to the last parameter's update."""

    records: tuple[Record, ...]
    step: int  # number of this step; the first is 1
    epoch: int  # the epoch it belongs to; the first is 1
    rows: Array  # which rows of the training data are in the batch (N,)
    x: Array
    target: Array
    loss: float
    learning_rate: float
    params_before: Arrays
    params_after: Arrays
    buffers_before: Arrays
    buffers_after: Arrays
    refused: str = ""
    """Why the step was not made, where a value was not finite: then nothing is updated, and no record says so."""

    def __len__(self) -> int:
        return len(self.records)

    def parameters_at(self, cursor: int) -> Arrays:
        """The parameters as they stand when `cursor` records are done."""
        updated = {record.name for record in self.records[:cursor] if record.phase == "update"}
        return {
            name: self.params_after[name] if name in updated else before for name, before in self.params_before.items()
        }

    def buffers_at(self, cursor: int) -> Arrays:
        """The buffers as they stand when `cursor` records are done; they change once the first parameter is updated."""
        updated = any(record.phase == "update" for record in self.records[:cursor])
        return self.buffers_after if updated or cursor == len(self.records) else self.buffers_before

    def position(self, phase: Phase, index: int) -> int:
        """Where the record of that phase and layer stands; of several, the first."""
        return next(at for at, record in enumerate(self.records) if (record.phase, record.index) == (phase, index))

    def find(self, phase: Phase, index: int, cursor: int) -> Record | None:
        """The record of that phase and layer, if the cursor has reached it."""
        for record in self.records[:cursor]:
            if record.phase == phase and record.index == index:
                return record
        return None
