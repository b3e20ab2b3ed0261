"""A block of memory that window and worker share, through which a trainer's state passes without a pipe.

Copying a megabyte into it takes a tenth of a millisecond; through a pipe it would hold up the training until the window
has read it. Only one frame is ever on its way, so nobody writes while the other reads; what is handed over at the
start and at the end has a place of its own, because a frame may still lie unread in the first.
"""

import shutil
from collections.abc import Mapping
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import numpy as np

_ROOM = 4
"""Largest size of a state in multiples of its weights: the optimizer remembers at most two more; one is spare."""

_SPARE = 2**16
_ALIGNMENT = 64
_SYSTEM_FOLDER = Path("/dev/shm")
"""Where Linux keeps shared memory; containers often give it no more than 64 MB."""


class StateBlock:
    """Shared memory for two states. The window makes it and removes it, the worker attaches to it by name."""

    def __init__(self, memory: SharedMemory) -> None:
        self._memory = memory

    @classmethod
    def for_state(cls, state: Mapping[str, Any]) -> "StateBlock":
        """A new block with room for this state and those that follow it. Errors: OSError when there is none at all."""
        weights = sum(array.nbytes for array in state["weights"].values())
        size = 2 * (_ROOM * weights + _SPARE)
        # Linux promises memory it does not have and kills whoever writes there.
        if _SYSTEM_FOLDER.exists() and shutil.disk_usage(_SYSTEM_FOLDER).free < size:
            size = _SPARE
        return cls(SharedMemory(create=True, size=size))

    @classmethod
    def attached(cls, name: str) -> "StateBlock":
        """The block of that name, made by the other process."""
        return cls(SharedMemory(name=name))

    @property
    def name(self) -> str:
        """Under which the other process finds the block."""
        return self._memory.name

    def write(self, state: Mapping[str, Any], *, handover: bool = False) -> dict[str, Any]:
        """Copy the arrays of a state into the block; what is returned says where they lie and holds the rest.

        The rest is also what has no room here: it then goes through the pipe.
        """
        half = self._memory.size // (2 * _ALIGNMENT) * _ALIGNMENT
        place, end = (half, 2 * half) if handover else (0, half)

        def put(value: Any) -> Any:
            nonlocal place
            if isinstance(value, Mapping):
                return {name: put(item) for name, item in value.items()}
            if not isinstance(value, np.ndarray) or place + value.nbytes > end:
                return value
            np.ndarray(value.shape, value.dtype, self._memory.buf, place)[...] = value
            entry = _Placed(place, value.shape, value.dtype.str)
            place += -(-value.nbytes // _ALIGNMENT) * _ALIGNMENT
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
