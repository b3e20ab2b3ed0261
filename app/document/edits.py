"""The edits one can take back: an edit is the moment before it, with a label that says what changed."""

import dataclasses
from typing import Any

from app.document.history import History
from app.document.snapshots import Line
from core.datasets.base import Dataset
from core.experiment import Experiment

LIMIT = 50
"""Edits that are remembered; each may hold the weights of its moment."""


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

    def add(self, label: str, before: Moment) -> None:
        """Remember the moment before an edit; what was undone can no longer be redone."""
        self._done.append((label, before))
        del self._done[:-LIMIT]
        self._undone.clear()

    def undo(self, now: Moment) -> Moment | None:
        """The moment before the last edit; `now` can then be redone."""
        return _move(self._done, self._undone, now)

    def redo(self, now: Moment) -> Moment | None:
        """The moment before the last undo."""
        return _move(self._undone, self._done, now)


def _move(source: list[tuple[str, Moment]], target: list[tuple[str, Moment]], now: Moment) -> Moment | None:
    if not source:
        return None
    label, moment = source.pop()
    target.append((label, now))
    return moment
