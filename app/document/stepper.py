"""Walks forward and back over the tapes of successive batches.

The trainer always stands behind the newest tape. Going back moves a cursor; nothing is computed and nothing is lost, so
going forward again shows the same numbers. Old tapes are dropped when together they pass a budget of memory.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable
from typing import Any

from app.document.questions import record_key
from app.document.snapshots import state_arrays
from core.explain.scene import Step
from core.health import NonFiniteError
from core.tape import Tape
from core.trainer import Trainer
from core.types import Array, ChainruleError, OptionError
from core.words import count

TAPE_BUDGET = 128 * 10**6
"""Bytes that tapes one can walk back to may take together; the current one is always kept."""

_OBJECT = 400
"""Bytes that Python's objects around an array of a tape take, measured: of a small network they are most of it."""

SLOW_RECORDING = 0.02
"""Seconds from which on a tape is recorded ahead."""

Stop = Callable[[Tape, int], int | None]
"""Where to stop on a tape of which so many records are done; None to go on to its end."""


@dataclasses.dataclass(frozen=True)
class _Entry:
    state: dict[str, Any]  # of the trainer, before the step
    step: Step  # the tape, with the options it was recorded with
    size: int


@dataclasses.dataclass(frozen=True)
class TapeMemory:
    """What the kept tapes take, in bytes."""

    current: int  # the tape the cursor is on
    kept: int  # how many tapes there are
    total: int
    limit: int = TAPE_BUDGET


class Stepper:
    """A cursor over tapes. `cursor` counts the records of `tape` that are done."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._entries: list[_Entry] = []
        self._position = 0
        self.cursor = 0
        self._record_seconds = 0.0  # how long the newest tape took
        self._record()

    @property
    def tape(self) -> Tape:
        """The tape the cursor is on."""
        return self.step.tape

    @property
    def step(self) -> Step:
        """The tape the cursor is on, with the options it was recorded with."""
        return self._entries[self._position].step

    @property
    def is_newest(self) -> bool:
        """Whether the cursor is at the end of the newest tape, so that the trainer has the weights that are shown."""
        return self._position + 1 == len(self._entries) and self.cursor == len(self.tape)

    @property
    def memory(self) -> int:
        """Bytes that all kept tapes take."""
        return sum(entry.size for entry in self._entries)

    @property
    def tapes(self) -> TapeMemory:
        """What the kept tapes take."""
        return TapeMemory(self._entries[self._position].size, len(self._entries), self.memory)

    @property
    def steps_done(self) -> int:
        """Training steps that are complete at the cursor."""
        return self.tape.step if self._batch_done else self.tape.step - 1

    @property
    def _batch_done(self) -> bool:
        return self.cursor == len(self.tape) and not self.tape.refused

    @property
    def can_go_back(self) -> bool:
        """Whether there is anything before the cursor."""
        return self.cursor > 0 or self._position > 0

    def forward(self) -> None:
        """One record further; behind the last one the next batch begins.

        Errors: ChainruleError behind a batch whose step was refused
        """
        if self.cursor == len(self.tape):
            self._next_tape()
            self.cursor = 0
        self.cursor += 1

    def back(self) -> None:
        """One record back; before the first one lies the end of the batch before."""
        if self.cursor > 0:
            self.cursor -= 1
        elif self._position > 0:
            self._position -= 1
            self.cursor = len(self.tape) - 1

    def go_to(self, cursor: int) -> None:
        """Anywhere on the current tape."""
        self.cursor = max(0, min(cursor, len(self.tape)))

    def go_before_updates(self) -> None:
        """To where all gradients are there and the weights are still those before this batch; or its refusal."""
        first = next((index for index, record in enumerate(self.tape.records) if record.phase == "update"), None)
        self.cursor = first if first is not None else len(self.tape) if self.tape.refused else 0

    def finish_batch(self, stop: Stop | None = None) -> None:
        """To the end of this batch, or of the next one if this one is done; or to a place before it to stop at.

        Errors: ChainruleError behind a batch whose step was refused
        """
        if self.cursor == len(self.tape):
            self._next_tape()
            self.cursor = 0
        place = stop(self.tape, self.cursor) if stop else None
        self.cursor = len(self.tape) if place is None else place

    def state_at_cursor(self) -> dict[str, Any]:
        """The trainer's state to go on from: before this batch at its start, behind it anywhere else."""
        if self.cursor == 0:
            return self._entries[self._position].state
        if self._position + 1 < len(self._entries):
            return self._entries[self._position + 1].state
        return self._trainer.state()

    def rng_before_batch(self) -> dict[str, Any]:
        """The trainer's random state before this batch."""
        rng: dict[str, Any] = self._entries[self._position].state["rng"]
        return rng

    def state_after(self, step: int) -> dict[str, Any] | None:
        """The trainer's state when so many steps are done, if a tape begins with it."""
        return next((entry.state for entry in self._entries if entry.state["steps"] == step), None)

    def state_to_resume(self) -> dict[str, Any]:
        """The trainer's state at the last batch border: behind this batch if it is done, otherwise before it."""
        return self.state_at_cursor() if self.cursor == len(self.tape) else self._entries[self._position].state

    def place(self) -> tuple[dict[str, Any], int]:
        """A state and a cursor from which a new stepper shows the same weights."""
        return self.state_to_resume(), self.cursor % len(self.tape)

    def go_on_with(self, trainer: Trainer) -> None:
        """Go on with a trainer that has other options: what is done stays, a batch that is not done is recorded anew.

        Errors: ChainruleError when that batch cannot be computed; the trainer then stands before it.
        """
        done, tape, cursor = self._batch_done, self.tape, self.cursor
        trainer.restore(trainer.suited(self.state_to_resume()))
        self._trainer = trainer
        del self._entries[self._position + done :]
        if not done:
            self._record()
            self.go_to(self._same_place(tape, cursor))

    def record_ahead(self) -> None:
        """Record the next tape ahead of the cursor, if this one is done and recording takes noticeably long.

        Only then: until this batch is done, the trainer has to stand right behind it to be evaluated.
        """
        if not self.is_newest or self.tape.refused or self._record_seconds < SLOW_RECORDING:
            return
        # What cannot be computed is told when it is asked for.
        with contextlib.suppress(ChainruleError):
            self._append()
        self._forget_oldest()

    def _same_place(self, tape: Tape, cursor: int) -> int:
        """Behind the newest record of which `cursor` records of a tape had done one; a penalty has one of its own.

        So a batch that was not done is not done now either, which the curves would not have heard of.
        """
        keys = list(map(record_key, self.tape.records))
        done = (record_key(record) for record in reversed(tape.records[:cursor]))
        return next((keys.index(key) + 1 for key in done if key in keys), 0)

    def _next_tape(self) -> None:
        if self.tape.refused:
            raise ChainruleError(self.tape.refused)
        if self._position + 1 < len(self._entries):
            self._position += 1
        else:
            self._record()

    def _record(self) -> None:
        self._append()
        self._position = len(self._entries) - 1
        self._forget_oldest()

    def _append(self) -> None:
        """Record the next batch; of one whose step is refused, what there is, and the trainer stands before it.

        Errors: ChainruleError when it cannot be computed; the trainer then stands before it
        """
        started = time.perf_counter()
        try:
            state = self._trainer.state()
        except MemoryError as error:
            raise _out_of_memory(self._trainer) from error
        try:
            tape = self._trainer.record_step()
        except MemoryError as error:
            # The step itself may have been done before there was no room left for its tape.
            self._trainer.restore(state)
            raise _out_of_memory(self._trainer) from error
        except NonFiniteError as error:
            assert error.tape
            tape = error.tape
        self._entries.append(_Entry(state, Step.of(tape, self._trainer), _size(tape, state)))
        self._record_seconds = time.perf_counter() - started

    def _forget_oldest(self) -> None:
        while self._position > 0 and self.memory > TAPE_BUDGET:
            del self._entries[0]
            self._position -= 1


def _out_of_memory(trainer: Trainer) -> OptionError:
    return OptionError(
        f"There is not enough memory to record step {count(trainer.steps + 1)}; the weights before it were kept. "
        f"Use smaller batches or a smaller network."
    )


def _size(tape: Tape, state: dict[str, Any]) -> int:
    """Bytes that a tape and the state before it hold on to, each array counted once, with the objects around them."""
    kept = [tape.x, *state_arrays(state)]
    for record in tape.records:
        kept += [*record.tensors.values(), *record.cache.values()]
    seen: dict[int, Array] = {id(array): array for array in kept}
    return sum(array.nbytes + _OBJECT for array in seen.values())
