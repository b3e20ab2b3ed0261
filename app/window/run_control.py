"""Who owns the weights: hands them to the engine, takes them back, and passes on what the engine reports."""

import dataclasses
import math
import time

from PySide6.QtCore import QObject, QTimer, Signal

from app.document.document import Document
from app.engine.engine import ADVICE, Engine
from app.engine.protocol import Frame, Run, Stopped, Until, unmoved
from app.view import PICTURES
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.types import ChainruleError

_BEARABLE = 0.002
"""What holds the window up for t seconds may happen every t²/0.002 seconds: 9 ms 25 times a second, 20 ms 5 times."""

_SHARE = 0.03
"""Largest share of the time for taking up states: the memory that goes through it is held up in the training."""

LONG_STEP = 0.1
"""Seconds of a step that is too long to be done once more in the window while the training runs."""

SLOW_BATCH = 0.25
"""Seconds of a step from which on the batch that follows a pause is recorded only when somebody asks for it."""

WAITING = "The training finishes its current step…"
LAST_BATCH = "The window does the batch that follows, so that it can be looked at: about {:.1f} s…"
NO_ROOM = "There is not enough memory to pause: the training goes on. Close other programs, then press Pause again."
OTHER_WEIGHTS = "The training was paused, because this change begins with other weights: press Run to train."


@dataclasses.dataclass(frozen=True)
class _Left:
    """Where a run was interrupted that may go on."""

    experiment: Experiment
    data: Dataset
    steps: int
    until: Until


class RunControl(QObject):
    """Runs and pauses the training of a document."""

    noted = Signal(str)
    """A run ended by itself, as it was asked to."""

    failed = Signal(str)
    """A run ended because something went wrong."""

    busy = Signal(str)
    """The window cannot answer for a while: why, in a sentence; empty when it is over."""

    pausing_changed = Signal(bool)
    """Whether a pause was asked for and has not come about yet."""

    def __init__(self, document: Document, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._engine = engine
        self.evaluation_share = Run.evaluation_share
        """Largest share of the time of a run which evaluations may take, above 0; see `renew`."""

        self._until = Until()  # when the run ends by itself
        self._seconds = 0.0  # that a step takes, as far as is known
        self._quickest = math.inf  # the least of those in this run: something else may have held up the others
        self._pausing = False
        self._wanted_again = False  # Run was pressed after Pause, before the pause came about
        self._left: _Left | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._go_on)
        self._show_from = 0.0  # the time from which another state may be taken up
        self._cost = 0.0  # seconds the last one took
        self._began = 0.0  # when this run did, or came to the weights that were exported
        self._shown_at = 0.0  # when this run came to the weights that are shown: those of a slow one stay for long
        # Seconds of the runs before it, from the start weights or the last export on; by their number, because a
        # training that was left by a reset or for another network comes back with Undo.
        self._trained: dict[int, float] = {}
        engine.frame.connect(self._show)
        engine.stopped.connect(self._take_back)
        engine.waits.connect(self._wait)
        document.pause_needed.connect(self._interrupt)
        document.data_changed.connect(self.load)
        document.experiment_changed.connect(self._pass_on_options)
        document.walk.breakpoints.changed.connect(self._pass_on_breakpoints)

    def load(self) -> None:
        """Let the engine have the data ahead of the first run."""
        self._engine.load(self._document.data)

    @property
    def seconds_at_stake(self) -> float:
        """How long the network that is open was trained since its weights were exported, if ever."""
        running = time.monotonic() - self._began if self._document.running else 0.0
        return self._trained.get(self._document.history.root, 0.0) + running

    def secure(self) -> None:
        """The weights that are shown were exported: what was trained until then cannot be lost any more."""
        document = self._document
        if document.running or document.steps_done >= len(document.history.losses):
            self._trained[document.history.root], self._began = 0.0, self._shown_at

    def run(self, until: Until | None = None) -> None:
        """Train until paused, or until the condition holds; with a breakpoint in every batch only as far as the next.

        A step whose gradient leaves a range that is watched is done in the window, as far as that gradient.
        """
        document = self._document
        if document.walk.run_to_breakpoint() or (state := document.begin_run()) is None:
            return
        self._show_from, self._cost, self._seconds, self._quickest = 0.0, math.inf, 0.0, math.inf
        self._began = self._shown_at = time.monotonic()
        if not state["steps"]:
            self._trained[document.history.root] = 0.0
        self._until = dataclasses.replace(until or Until(), norms=document.walk.breakpoints.norms)
        try:
            self._engine.start(Run(document.experiment, state, self._until, self.evaluation_share))
        except (OSError, MemoryError, ChainruleError) as error:
            reason = f"The training could not be started ({type(error).__name__}: {error})."
            reason += f" {ADVICE}" if isinstance(error, OSError) else ""
            self._take_back(Stopped(unmoved(state), reason, is_problem=True))

    def pause(self) -> None:
        """Ask for a stop after the current step."""
        if self._document.running:
            self._set_pausing(True)
            try:
                self._engine.pause()
            except MemoryError:
                self._set_pausing(False)
                self.failed.emit(NO_ROOM)

    def pause_now(self) -> None:
        """Stop after the current step; on return the document has its weights back."""
        if self._document.running:
            self._wanted_again = False
            self._engine.pause_now()

    def toggle(self) -> None:
        """Run if paused, pause if running; run on if a pause is on its way."""
        if not self._document.running:
            self.run()
        elif self._pausing:
            self._wanted_again = not self._wanted_again
            self.pausing_changed.emit(not self._wanted_again)
        else:
            self.pause()

    def renew(self) -> None:
        """Let a run go on with what is chosen here now."""
        self._interrupt()

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
        document = self._document
        document.show_progress(frame.first_step, frame.losses, frame.evaluations, frame.changes)
        if frame.samples_per_second and document.trainer:
            self._seconds = document.trainer.batch_size / frame.samples_per_second
            self._quickest = min(self._quickest, self._seconds)
        if frame.state is None:
            return
        if not self._may_show():
            document.course.keep(frame.state)
            return
        started = time.monotonic()
        document.show_state(frame.state)
        self._shown_at = started
        took = time.monotonic() - started
        # The lesser of two: something else may have held up one of them. What the first one costs is not yet known.
        cost, longest, self._cost = min(took, self._cost), 1.0 if self._cost == math.inf else math.inf, took
        self._show_from = started + min(longest, max(PICTURES / 1000, cost / _SHARE, cost**2 / _BEARABLE))

    def _may_show(self) -> bool:
        return 0 < self._seconds < LONG_STEP and time.monotonic() >= self._show_from

    def _take_back(self, stopped: Stopped) -> None:
        frame, again = stopped.frame, self._wanted_again
        self._trained[self._document.history.root] = self.seconds_at_stake
        assert frame.state is not None
        self._document.show_progress(frame.first_step, frame.losses, frame.evaluations, frame.changes)
        record = self._wants_batch(stopped)
        if record and self._seconds >= LONG_STEP:
            self.busy.emit(LAST_BATCH.format(self._seconds))
        try:
            self._document.end_run(frame.state, record=record, stay=bool(stopped.reason))
        finally:
            self.busy.emit("")
            self._wanted_again = False
            self._set_pausing(False)
        if stopped.reason:
            (self.failed if stopped.is_problem else self.noted).emit(stopped.reason)
        elif again:
            self._go_on_soon(Until())

    def _wants_batch(self, stopped: Stopped) -> bool:
        """Whether the batch that follows is done now: it is short, or it is the one the run was to lead to."""
        until, state, breakpoints = self._until, stopped.frame.state, self._document.walk.breakpoints
        arrived = until.steps is not None and state is not None and state["steps"] >= until.steps
        return not SLOW_BATCH <= self._quickest < math.inf or bool(stopped.reason or arrived or breakpoints.items)

    def _set_pausing(self, pausing: bool) -> None:
        if pausing != self._pausing:
            self._pausing = pausing
            self.pausing_changed.emit(pausing)

    def _wait(self) -> None:
        self.busy.emit(WAITING)

    # Interrupted for a change

    def _interrupt(self) -> None:
        """Pause at once, so that something can be changed; afterwards the run goes on if the weights are the same."""
        if not self._document.running:
            return
        self._left = None
        self._wanted_again = self._wanted_again or not self._pausing
        until = self._until
        self._engine.pause_now()
        if self._left is not None:
            self._go_on_soon(until)

    def _go_on_soon(self, until: Until) -> None:
        """Once whatever is being done is over."""
        document = self._document
        if not document.walk.note:  # not where it stands at a reason to stop
            self._left = _Left(document.experiment, document.data, document.steps_done, until)
            self._soon.start()

    def _go_on(self) -> None:
        document, left, self._left = self._document, self._left, None
        if left is None or document.running:
            return
        same_network = document.data is left.data and document.experiment.same_weights_as(left.experiment)
        if same_network and document.steps_done == left.steps:
            until = left.until
            if reached := until.reached(left.steps, *self._found(left.steps)):
                self.noted.emit(reached)
            elif until.steps is None or left.steps <= until.steps:
                self.run(until)
        elif document.trainer is None:
            self.noted.emit(f"The training was paused. {document.problem}")
        else:
            self.noted.emit(OTHER_WEIGHTS)

    def _found(self, step: int) -> tuple[float | None, float | None]:
        """The batch loss and the test accuracy of a step, as far as they are known."""
        history = self._document.history
        found = history.evaluations["test"].get(step)
        return history.losses.at(step), found.accuracy if found else None

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
