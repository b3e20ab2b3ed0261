"""The training loop itself: steps, evaluations within their share of the time, and when to end.

It knows neither Qt nor processes, so every engine runs the very same loop and arrives at the very same weights.
"""

import time
from typing import Any

import numpy as np

from app.engine.protocol import Frame, Run
from core.datasets.base import Dataset
from core.metrics import Evaluation
from core.trainer import Trainer
from core.types import ChainruleError

STATE_SHARE = 0.02
"""Largest share of the time that handing out copies of the state may take."""

_SHORTEST_PAUSE = 0.1
"""Seconds between two evaluations at least, however fast they are."""

_STEPS_PER_LOOK = 8
"""Steps between two looks at the clock, which costs a tenth of a small network's step."""


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
        self._evaluation_share = run.evaluation_share
        self._losses: list[float] = []
        self._evaluations: dict[str, dict[int, Evaluation]] = {"train": {}, "test": {}}
        self._evaluate_from = 0.0  # the time from which the next evaluation is within its share
        self._state_from = 0.0  # the same for the next copy of the state
        self._steps, self._reported_at = 0, time.perf_counter()

    def advance(self, seconds: float) -> None:
        """Train for about that long; at least one step unless the run is over."""
        deadline = time.perf_counter() + seconds
        while not self.is_over:
            for _ in range(_STEPS_PER_LOOK):
                self._step()
                if self.is_over or self.trainer.batch_size > _STEPS_PER_LOOK * 2:
                    break
            now = time.perf_counter()
            if now >= self._evaluate_from and not self.is_over:
                self._evaluate()
            if now >= deadline:
                return

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
            samples_per_second=self._steps * self.trainer.batch_size / max(now - self._reported_at, 1e-9),
        )
        self._losses, self._evaluations = [], {"train": {}, "test": {}}
        self._steps, self._reported_at = 0, now
        return frame

    def account_for(self, seconds: float) -> None:
        """Handing out a state took that long: keep the next one within its share of the time."""
        self._state_from = time.perf_counter() + seconds / STATE_SHARE

    def change_optimizer(self, spec: dict[str, Any]) -> None:
        """Change options of the optimizer; its memory stays."""
        self.trainer.set_optimizer_options({name: value for name, value in spec.items() if name != "kind"})

    def _step(self) -> None:
        try:
            loss = self.trainer.train_step()
        except ChainruleError as error:
            self._end(str(error), is_problem=True)
            return
        self._losses.append(loss)
        self._steps += 1
        if self._until.steps is not None and self.trainer.steps >= self._until.steps:
            self._evaluate()
            self._end("")
        elif self._until.loss is not None and loss <= self._until.loss:
            self._end(f"The loss of step {self.trainer.steps} is {loss:.4g}: the run is over, as wanted.")

    def _evaluate(self) -> None:
        started = time.perf_counter()
        steps = self.trainer.steps
        found = self.trainer.evaluate("test")
        self._evaluations["test"][steps] = found
        if len(self.trainer.data.x_train) <= len(self.trainer.data.x_test):
            self._evaluations["train"][steps] = self.trainer.evaluate("train")
        wanted = self._until.accuracy
        if wanted is not None and found.accuracy is not None and found.accuracy >= wanted:
            self._end(f"The test accuracy after step {steps} is {found.accuracy:.2%}: the run is over, as wanted.")
        now = time.perf_counter()
        self._evaluate_from = now + max((now - started) / self._evaluation_share, _SHORTEST_PAUSE)

    def _end(self, reason: str, *, is_problem: bool = False) -> None:
        self.is_over, self.reason, self.is_problem = True, reason, is_problem
