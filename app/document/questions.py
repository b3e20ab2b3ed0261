"""Which number is being explained, and over which numbers the question came there.

A place names its record by where it stands on the tape; another tape may have other records (a penalty has one of its
own). So the questions are told of every tape (`know`) and follow their records by what these are.
"""

import dataclasses
from typing import ClassVar

from psygnal import Signal

from core.explain.protocol import Place
from core.explain.scene import PENALTY
from core.tape import Phase, Record, Tape
from core.words import layer_words, parameter_words


@dataclasses.dataclass(frozen=True)
class _Key:
    """What a record is, wherever it stands."""

    phase: Phase
    index: int
    detail: str = ""  # which of the records of that phase and index: the parameter, or the penalty

    def words(self) -> str:
        """`the penalty`, `the update of the weight of layer 1`, `layer 3, backward`."""
        if self.phase == "loss":
            return "the penalty" if self.detail else "the loss"
        if self.detail:
            return f"the update of {parameter_words(self.detail)}"
        return f"{layer_words(self.index)}, {self.phase}"


class Questions:
    """A trail of places on the tape; the last one is being explained."""

    changed: ClassVar[Signal] = Signal()

    def __init__(self) -> None:
        self.trail: tuple[Place, ...] = ()
        self.lost = ""
        """What was being explained and is no longer on the tape, in words; empty once something else is asked."""
        self._keys: tuple[_Key, ...] = ()  # of the records of the tape that is shown

    @property
    def current(self) -> Place | None:
        """The place that is being explained."""
        return self.trail[-1] if self.trail else None

    def ask(self, place: Place) -> None:
        """Explain a number; a new trail begins."""
        self._set((place,))

    def follow(self, place: Place) -> None:
        """Go on to a number that the current one was made from; one that is on the trail already ends it there."""
        self._set((*self._before(place, self.trail), place))

    def move(self, place: Place) -> None:
        """Explain a neighbour of the current number instead; the way here stays."""
        self._set((*self._before(place, self.trail[:-1]), place))

    def back_to(self, position: int) -> None:
        """Return to an earlier place of the trail."""
        self._set(self.trail[: position + 1])

    def forget(self) -> None:
        """Explain nothing."""
        self._set(())

    def know(self, tape: Tape | None) -> None:
        """A tape is shown: places follow their records; those whose records it does not have are dropped.

        That is no `changed`: whoever shows a number follows the tape anyway.
        """
        if tape is None:
            return
        before, self._keys = self._keys, tuple(map(record_key, tape.records))
        if not before or before == self._keys or not self.trail:
            return
        moved = [_moved(place, before, self._keys) for place in self.trail]
        if moved[-1] is None:
            place = self.trail[-1]
            index = f"[{', '.join(map(str, place.index))}]" if place.index else ""
            self.lost = f"{place.tensor.rpartition('.')[2]}{index} of {before[place.record or 0].words()}"
        self.trail = tuple(place for place in moved if place is not None)

    def _before(self, place: Place, trail: tuple[Place, ...]) -> tuple[Place, ...]:
        return trail[: trail.index(place)] if place in trail else trail

    def _set(self, trail: tuple[Place, ...]) -> None:
        lost, self.lost = self.lost, ""
        if trail != self.trail or lost:
            self.trail = trail
            self.changed.emit()


def record_key(record: Record) -> _Key:
    """What a record is: equal for the records of two tapes that stand for the same."""
    if record.phase == "update":
        return _Key(record.phase, record.index, record.name)
    penalty = record.phase == "loss" and record.name == PENALTY
    return _Key(record.phase, record.index, PENALTY if penalty else "")


def _moved(place: Place, before: tuple[_Key, ...], now: tuple[_Key, ...]) -> Place | None:
    """The place in the records there are now."""
    if place.record is None or place.record >= len(before):
        return place
    key = before[place.record]
    return dataclasses.replace(place, record=now.index(key)) if key in now else None
