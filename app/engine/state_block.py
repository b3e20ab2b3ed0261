"""A block of memory that window and worker share, through which a trainer's state passes without a pipe.

Copying a megabyte into it takes a tenth of a millisecond; through a pipe it would hold up the training until the window
has read it. Only one frame is ever on its way, so nobody writes while the other reads.
"""

from collections.abc import Mapping
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np

_ROOM = 4
"""Largest size of a state in multiples of its weights: the optimizer remembers at most two more; one is spare."""

_SPARE = 2**16


class StateBlock:
    """Shared memory for one state. The window makes it and removes it, the worker attaches to it by name."""

    def __init__(self, memory: SharedMemory) -> None:
        self._memory = memory

    @classmethod
    def for_state(cls, state: Mapping[str, Any]) -> "StateBlock":
        """A new block with room for this state and those that follow it."""
        weights = sum(array.nbytes for array in state["weights"].values())
        return cls(SharedMemory(create=True, size=_ROOM * weights + _SPARE))

    @classmethod
    def attached(cls, name: str) -> "StateBlock":
        """The block of that name, made by the other process."""
        return cls(SharedMemory(name=name))

    @property
    def name(self) -> str:
        """Under which the other process finds the block."""
        return self._memory.name

    def write(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Copy the arrays of a state into the block; what is returned says where they lie and holds the rest."""
        place = 0

        def put(value: Any) -> Any:
            nonlocal place
            if isinstance(value, Mapping):
                return {name: put(item) for name, item in value.items()}
            if not isinstance(value, np.ndarray):
                return value
            target = np.ndarray(value.shape, value.dtype, self._memory.buf, place)
            target[...] = value
            entry = _Placed(place, value.shape, value.dtype.str)
            place += -(-value.nbytes // 64) * 64
            return entry

        placed: dict[str, Any] = put(state)
        return placed

    def read(self, placed: Mapping[str, Any]) -> dict[str, Any]:
        """The state that `write` put here, as copies."""

        def get(value: Any) -> Any:
            if isinstance(value, Mapping):
                return {name: get(item) for name, item in value.items()}
            if not isinstance(value, _Placed):
                return value
            return np.ndarray(value.shape, value.dtype, self._memory.buf, value.offset).copy()

        state: dict[str, Any] = get(placed)
        return state

    def close(self) -> None:
        """Let go of the block."""
        self._memory.close()

    def remove(self) -> None:
        """Let go of the block and free its memory."""
        self._memory.close()
        self._memory.unlink()


class _Placed:
    """Where an array lies in the block."""

    def __init__(self, offset: int, shape: tuple[int, ...], dtype: str) -> None:
        self.offset, self.shape, self.dtype = offset, shape, dtype
