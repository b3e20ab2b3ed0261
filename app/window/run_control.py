"""Who owns the weights: hands them to the engine, takes them back, and passes on what the engine reports."""

import dataclasses
import math
import time

from PySide6.QtCore import QObject, Signal

from app.document.document import Document
from app.engine.engine import Engine
from app.engine.protocol import Frame, Run, Stopped, Until, unmoved
from app.view import PICTURES
from core.types import ChainruleError

_BEARABLE = 0.002
"""What holds the window up for t seconds may happen every t²/0.002 seconds: 9 ms 25 times a second, 20 ms 5 times."""

_SHARE = 0.03
"""Largest share of the time for taking up states: the memory that goes through it is held up in the training."""

_LONG_STEP = 0.25
"""Seconds of a step that is too long to be done once more in the window while the training runs."""


class RunControl(QObject):
    """Runs and pauses the training of a document."""

    noted = Signal(str)
    """A run ended by itself, as it was asked to."""

    failed = Signal(str)
    """A run ended because something went wrong."""

    def __init__(self, document: Document, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._engine = engine
        self.evaluation_share = Run.evaluation_share
        """Largest share of the time of the runs that follow which evaluations may take, above 0."""
        self._show_from = 0.0  # the time from which another state may be taken up
        self._cost = 0.0  # seconds the last one took
        engine.frame.connect(self._show)
        engine.stopped.connect(self._take_back)
        document.pause_needed.connect(self.pause_now)
        document.data_changed.connect(self.load)
        document.experiment_changed.connect(self._pass_on_options)
        document.walk.breakpoints.changed.connect(self._pass_on_breakpoints)

    def load(self) -> None:
        """Let the engine have the data ahead of the first run."""
        self._engine.load(self._document.data)

    def run(self, until: Until | None = None) -> None:
        """Train until paused, or until the condition holds; with a breakpoint in every batch only as far as the next.

        A step whose gradient leaves a range that is watched is done in the window, as far as that gradient.
        """
        document = self._document
        if document.walk.run_to_breakpoint() or (state := document.begin_run()) is None:
            return
        self._show_from, self._cost = 0.0, math.inf
        until = dataclasses.replace(until or Until(), norms=document.walk.breakpoints.norms)
        try:
            self._engine.start(Run(document.experiment, state, until, self.evaluation_share))
        except (OSError, MemoryError, ChainruleError) as error:
            reason = f"The training could not be started ({type(error).__name__}: {error})."
            self._take_back(Stopped(unmoved(state), reason, is_problem=True))

    def pause(self) -> None:
        """Ask for a stop after the current step."""
        if self._document.running:
            self._engine.pause()

    def pause_now(self) -> None:
        """Stop after the current step; on return the document has its weights back."""
        if self._document.running:
            self._engine.pause_now()

    def toggle(self) -> None:
        """Run if paused, pause if running."""
        if self._document.running:
            self.pause()
        else:
            self.run()

    def run_to_step(self, target: int) -> None:
        """Train up to that step; the last one is done in the window, so that it can be looked at layer by layer."""
        document = self._document
        if document.trainer is None or document.running or target <= document.steps_done:
            return
        if target - document.steps_done > 1:
            self.run(Until(steps=target - 1))
        else:
            document.walk.next_batch()

    def next_epoch(self) -> None:
        """Train to the end of the current epoch."""
        if self._document.trainer:
            self.run_to_step((self._document.epochs_done + 1) * self._document.trainer.batches_per_epoch)

    def _show(self, frame: Frame) -> None:
        self._document.show_progress(frame.first_step, frame.losses, frame.evaluations, frame.changes)
        if frame.state is None:
            return
        if not self._may_show(frame):
            self._document.course.keep(frame.state)
            return
        started = time.monotonic()
        self._document.show_state(frame.state)
        took = time.monotonic() - started
        # The lesser of two: something else may have held up one of them. What the first one costs is not yet known.
        cost, longest, self._cost = min(took, self._cost), 1.0 if self._cost == math.inf else math.inf, took
        self._show_from = started + min(longest, max(PICTURES / 1000, cost / _SHARE, cost**2 / _BEARABLE))

    def _may_show(self, frame: Frame) -> bool:
        trainer = self._document.trainer
        is_quick = trainer is not None and frame.samples_per_second * _LONG_STEP > trainer.batch_size
        return is_quick and time.monotonic() >= self._show_from

    def _take_back(self, stopped: Stopped) -> None:
        frame = stopped.frame
        assert frame.state is not None
        self._document.show_progress(frame.first_step, frame.losses, frame.evaluations, frame.changes)
        self._document.end_run(frame.state)
        if stopped.reason:
            (self.failed if stopped.is_problem else self.noted).emit(stopped.reason)

    def _pass_on_options(self) -> None:
        if self._document.running:
            self._engine.change_optimizer(dict(self._document.experiment.optimizer))

    def _pass_on_breakpoints(self) -> None:
        document = self._document
        if not document.running:
            return
        breakpoints = document.walk.breakpoints
        self._engine.watch(breakpoints.norms)
        if document.tape and breakpoints.any_in(document.tape):
            self.pause()  # the batch that follows is done in the window, as far as the breakpoint
