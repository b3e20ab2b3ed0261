"""States of the trainer kept along the way, so that one can travel back to them.

There is room for so many states and so many bytes. Once it is used up, every new state takes the place of an old one
that can best be missed: memory stays level, and the states lie evenly over the whole training, however long it gets.
"""

import bisect
import dataclasses
import operator
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from core.types import Array

BUDGET = 256 * 10**6
"""Bytes that all kept states may take together."""

STATES = 128
"""States that may be kept: the slider is 130 to 400 pixels long and its handle some ten pixels wide.

A training on MNIST hands out three to twenty states a second, so this many are there, and the memory they take stays
level, before the first minute is over.
"""


@dataclasses.dataclass(eq=False)
class Kept:
    """One kept state; whoever holds on to it may find that it has made room for another one."""

    step: int
    size: int
    course: int  # counts the courses of states: after a cut another one begins
    state: dict[str, Any] | None


Line = tuple[Kept, ...]
"""The kept states of one training in the order of their steps, for an edit that may be undone to hold on to."""


class Snapshots:
    """Trainer states by step, evenly spread and within a budget of memory.

    States that were cut off stay as long as somebody holds a `line` with them, and share the budget with the others:
    the part that takes more of it makes room.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._line: list[Kept] = []
        self._line_bytes = 0
        self._cut_off: weakref.WeakSet[Kept] = weakref.WeakSet()
        self._course = 0

    def __len__(self) -> int:
        return len(self._line)

    @property
    def steps(self) -> list[int]:
        """The steps of the states that can be travelled to, rising."""
        return [kept.step for kept in self._line]

    @property
    def bytes(self) -> int:
        """Memory that all kept states take, those that were cut off included."""
        return self._line_bytes + _total(self._cut_off)

    @property
    def budget(self) -> int:
        """Bytes that the kept states may take together."""
        return self._budget

    @budget.setter
    def budget(self, budget: int) -> None:
        self._budget = budget
        self._make_room()

    def add(self, state: dict[str, Any]) -> None:
        """Keep a state. They come in the order of their steps; one that is there already is not kept twice."""
        if self._line and state["steps"] <= self._line[-1].step:
            return
        kept = Kept(state["steps"], state_bytes(state), self._course, state)
        self._line.append(kept)
        self._line_bytes += kept.size
        self._make_room()

    def truncate(self, steps: int) -> None:
        """Cut off every state after that many steps."""
        self._take(self._line[: bisect.bisect_right(self.steps, steps)])

    def nearest(self, step: int) -> dict[str, Any] | None:
        """The newest state that is not later than `step`."""
        position = bisect.bisect_right(self.steps, step)
        return self._line[position - 1].state if position else None

    def line(self) -> Line:
        """The states as they are now, to be taken up again."""
        return tuple(self._line)

    def take_up(self, line: Line) -> None:
        """Go on with the states of a line, as far as they are still there."""
        self._take([kept for kept in line if kept.state is not None])

    def _take(self, line: list[Kept]) -> None:
        self._cut_off.update(self._line)
        self._cut_off.difference_update(line)
        self._line, self._line_bytes = line, _total(line)
        self._course += 1

    def _make_room(self) -> None:
        while len(self._line) + len(self._cut_off) > STATES or self.bytes > self._budget:
            cut_off = list(self._cut_off)
            if cut_off and self._share(cut_off) >= self._share(self._line):
                self._drop(_best_missed_of(cut_off))
            elif len(self._line) > 2:
                self._drop(self._line[_best_missed([kept.step for kept in self._line])])
            elif cut_off:
                self._drop(_best_missed_of(cut_off))
            else:
                self._drop(self._line[-1])  # the first one is what one could not come by again

    def _share(self, states: Sequence[Kept]) -> float:
        """How much of the room some states take."""
        return max(len(states) / STATES, _total(states) / max(self._budget, 1))

    def _drop(self, kept: Kept) -> None:
        kept.state = None
        if kept in self._cut_off:
            self._cut_off.remove(kept)
        else:
            self._line.remove(kept)
            self._line_bytes -= kept.size


def state_bytes(state: dict[str, Any]) -> int:
    """Memory the arrays of a trainer's state take."""
    return sum(array.nbytes for array in state_arrays(state))


def state_arrays(state: dict[str, Any]) -> list[Array]:
    """The arrays of a trainer's state: weights, and what the optimizer remembers."""
    slots = [state["weights"], *state["optimizer"]["memory"].values()]
    return [np.asarray(array) for slot in slots for array in slot.values()]


def _total(states: Iterable[Kept]) -> int:
    return sum(kept.size for kept in states)


def _best_missed(steps: Sequence[int]) -> int:
    """Which of some rising steps leaves the smallest gap; neither the first nor the last while there are others.

    So no gap becomes larger than twice the mean, unless the states came that far apart: the smallest of the gaps that
    could be left is at most their mean, and the mean only grows.
    """
    gaps = list(map(operator.sub, steps[2:], steps))
    return gaps.index(min(gaps)) + 1 if gaps else 0


def _best_missed_of(cut_off: Iterable[Kept]) -> Kept:
    """The one to be dropped of states that were cut off: one of the course that has most of them."""
    courses: dict[int, list[Kept]] = {}
    for kept in sorted(cut_off, key=lambda kept: kept.step):
        courses.setdefault(kept.course, []).append(kept)
    largest = max(courses.values(), key=len)
    return largest[_best_missed([kept.step for kept in largest])]
