"""The training loop itself: steps, evaluations within their share of the time, and when to end.

It knows neither Qt nor processes, so every engine runs the very same loop and arrives at the very same weights.
"""

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from app.engine.protocol import Frame, Run
from core.datasets.base import Dataset
from core.metrics import Evaluation
from core.norms import NormError, NormRange, NormWatch
from core.trainer import Trainer
from core.types import ChainruleError
from core.words import count

STATE_SHARE = 0.01
"""Largest share of the time that handing out copies of the state may take."""

_PARTS = {"test": 0.7, "train": 0.3}
"""The parts of the data that are evaluated, and how much of the time for evaluations each gets."""

_SHORTEST_PAUSE = 0.1
"""Seconds between two evaluations at least, however fast they are."""

_STRETCH = 0.001
"""Seconds of steps in a row: looking for whatever else is due costs a tenth of a small network's step."""


class TrainingLoop:
    """Trains in portions; `frame` reports what happened since the last report."""

    def __init__(self, run: Run, data: Dataset) -> None:
        self.trainer: Trainer = run.experiment.trainer(data)
        self.trainer.restore(run.state)
        self.reason = ""
        """Why the run is over, as a sentence."""
        self.is_problem = False
        self.is_over = False
        self._until = run.until
        self.watch(run.until.norms)
        self._losses: list[float] = []
        self._changes: list[tuple[int, dict[str, Any]]] = []
        self._evaluations: dict[str, dict[int, Evaluation]] = {part: {} for part in _PARTS}
        self._state_from = 0.0  # the time from which handing out a state is within its share
        self._reported_at = time.perf_counter()
        self._share = run.evaluation_share
        # The times from which evaluations are within their share; the first one tells what those of "train" will cost.
        self._evaluate_from = {"test": self._reported_at + _SHORTEST_PAUSE, "train": math.inf}
        self._arrived = ""  # why no further step is to be made, as a sentence
        self._last_parts: list[str] | None = None  # what is still to be evaluated before the run ends as asked
        self._part = ""  # what is being evaluated
        self._pieces: Iterator[Evaluation | None] | None = None
        self._spent = 0.0  # seconds the evaluation has taken so far

    def advance(self, seconds: float) -> None:
        """Train and evaluate for about that long, at least one step or piece of an evaluation, unless the run is over.

        An evaluation is done in pieces, so that one of a large network can be left before it is finished.
        """
        deadline = time.perf_counter() + seconds
        try:
            while not self.is_over:
                self._go_on()
                if time.perf_counter() >= deadline:
                    return
        except NormError as error:
            self._end(str(error))
        except ChainruleError as error:
            self._end(str(error), is_problem=True)
        except Exception as error:  # a mistake of ours in a layer must not cost a person the weights
            self._end(self._account_of(error), is_problem=True)

    def frame(self, *, final: bool = False) -> Frame:
        """Everything since the last call; the state is there when it is within its share of the time, or `final`."""
        now = time.perf_counter()
        state = None
        if final or now >= self._state_from:
            state = self.trainer.state()
        frame = Frame(
            first_step=self.trainer.steps - len(self._losses) + 1,
            losses=np.array(self._losses),
            evaluations=self._evaluations,
            state=state,
            samples_per_second=len(self._losses) * self.trainer.batch_size / max(now - self._reported_at, 1e-9),
            changes=tuple(self._changes),
        )
        self._losses, self._changes, self._evaluations = [], [], {part: {} for part in _PARTS}
        self._reported_at = now
        return frame

    def account_for(self, seconds: float) -> None:
        """Handing out a state took that long: keep the next one within its share of the time."""
        self._state_from = time.perf_counter() + seconds / STATE_SHARE

    def change_optimizer(self, spec: dict[str, Any]) -> None:
        """Change options of the optimizer; its memory stays."""
        self.trainer.set_optimizer_options({name: value for name, value in spec.items() if name != "kind"})
        self._changes.append((self.trainer.steps, spec))

    def watch(self, norms: tuple[NormRange, ...]) -> None:
        """End the run at a step whose gradient leaves one of these ranges; that step is not made."""
        self._watch = NormWatch(self.trainer.network, norms) if norms else None

    def _go_on(self) -> None:
        """A piece of an evaluation where one is under way or due, otherwise some steps."""
        if self._pieces is not None:
            self._evaluate_further()
        elif self._arrived or (self._until.steps is not None and self.trainer.steps >= self._until.steps):
            self._arrive()
        elif due := [part for part, start in self._evaluate_from.items() if time.perf_counter() >= start]:
            self._begin_evaluation(due[0])
        else:
            self._take_steps()

    def _take_steps(self) -> None:
        trainer, losses, wanted, clock = self.trainer, self._losses, self._until.loss, time.perf_counter
        last = math.inf if self._until.steps is None else self._until.steps
        end = clock() + _STRETCH
        while True:
            loss = trainer.train_step(self._watch)
            losses.append(loss)
            if wanted is not None and loss <= wanted:
                self._arrived = self._until.reached(trainer.steps, loss, None)
                return
            # Looking at the clock is cheap; so a step that is slow all of a sudden is never followed by another one.
            if trainer.steps >= last or clock() >= end:
                return

    def _arrive(self) -> None:
        """The last step is done: evaluate the network as it is now, then end."""
        if self._last_parts is None:
            data = self.trainer.data
            self._last_parts = ["test", "train"] if len(data.x_train) <= len(data.x_test) else ["test"]
        if self._last_parts:
            self._begin_evaluation(self._last_parts.pop(0))
        else:
            self._end(self._arrived)

    def _begin_evaluation(self, part: str) -> None:
        self._part, self._spent = part, 0.0
        self._pieces = self.trainer.evaluation(part)

    def _evaluate_further(self) -> None:
        assert self._pieces
        started = time.perf_counter()
        found = next(self._pieces)
        now = time.perf_counter()
        self._spent += now - started
        if found is None:
            return
        self._pieces = None
        steps = self.trainer.steps
        self._evaluations[self._part][steps] = found
        self._evaluate_from[self._part] = now + self._pause_after(self._part, self._spent)
        if self._evaluate_from["train"] == math.inf:
            expected = self._spent * len(self.trainer.data.x_train) / found.samples
            self._evaluate_from["train"] = now + self._pause_after("train", expected)
        if self._part == "test" and (reached := self._until.reached(steps, None, found.accuracy)):
            self._end(reached)

    def _pause_after(self, part: str, seconds: float) -> float:
        """How long to train after an evaluation that took so long."""
        return max(seconds / (self._share * _PARTS[part]), _SHORTEST_PAUSE)

    def _end(self, reason: str, *, is_problem: bool = False) -> None:
        self.is_over, self.reason, self.is_problem = True, reason, is_problem

    def _account_of(self, error: Exception) -> str:
        """What to tell a person of an exception that is not theirs."""
        steps = self.trainer.steps
        if isinstance(error, MemoryError):
            return (
                f"There is not enough memory to go on after step {count(steps)}; its weights were kept. "
                f"Use smaller batches or a smaller network."
            )
        return (
            f"The training stopped after step {count(steps)} with an error of the program, {type(error).__name__}: "
            f"{error}. The weights of that step were kept."
        )
