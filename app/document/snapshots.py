"""States of the trainer kept along the way, so that one can travel back to them.

When the budget of memory is full, every second one is dropped and from then on they are kept half as often: so they
always lie evenly over the whole training, however long it gets.
"""

import bisect
from typing import Any

import numpy as np

BUDGET = 256 * 2**20
"""Bytes that all kept states may take together."""


class Snapshots:
    """Trainer states by step, evenly spread and within a budget of memory."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._states: list[dict[str, Any]] = []
        self._bytes = 0
        self._distance = 1  # steps between two states that are kept

    def __len__(self) -> int:
        return len(self._states)

    @property
    def steps(self) -> list[int]:
        """The steps of the kept states, rising."""
        return [state["steps"] for state in self._states]

    @property
    def bytes(self) -> int:
        """Memory the kept states take."""
        return self._bytes

    @property
    def budget(self) -> int:
        """Bytes that the kept states may take together."""
        return self._budget

    @budget.setter
    def budget(self, budget: int) -> None:
        self._budget = budget
        self._fit()

    def add(self, state: dict[str, Any]) -> None:
        """Keep a state, unless the last one kept is too close. States come in the order of their steps."""
        if self._states and state["steps"] < self._states[-1]["steps"] + self._distance:
            return
        self._states.append(state)
        self._bytes += state_bytes(state)
        self._fit()

    def truncate(self, steps: int) -> None:
        """Forget every state after that many steps."""
        self._states = [state for state in self._states if state["steps"] <= steps]
        self._bytes = sum(map(state_bytes, self._states))

    def nearest(self, step: int) -> dict[str, Any] | None:
        """The newest kept state that is not later than `step`."""
        position = bisect.bisect_right(self.steps, step)
        return self._states[position - 1] if position else None

    def _fit(self) -> None:
        while self._bytes > self._budget and len(self._states) > 2:
            self._thin_out()

    def _thin_out(self) -> None:
        last = self._states[-1]
        self._states = self._states[::2]
        self._distance = max(self._distance * 2, (last["steps"] - self._states[0]["steps"]) // len(self._states))
        self._bytes = sum(map(state_bytes, self._states))


def state_bytes(state: dict[str, Any]) -> int:
    """Memory the arrays of a trainer's state take."""
    arrays = [*state["weights"].values()]
    for slot in state["optimizer"]["memory"].values():
        arrays += slot.values()
    return sum(np.asarray(array).nbytes for array in arrays)
