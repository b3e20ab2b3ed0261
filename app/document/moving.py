"""Moving on and back: steps along the tape, journeys into the past, and a training that runs elsewhere.

Whoever goes on from an earlier moment leaves a later one behind: it stays as a past run, and Undo brings it back.
"""

import contextlib
import dataclasses
from collections.abc import Generator, Sequence
from typing import Any

from app.document.changes import change_words
from app.document.edits import Moment
from app.document.shown import Shown
from app.document.stepper import Stop
from app.document.walk import Walk
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.metrics import Evaluation
from core.tape import Tape
from core.types import Array, ChainruleError, Spec
from core.words import count

CHEAP_EVALUATION = 2_000
"""Training and test sets up to this size are evaluated after every batch that is stepped through.

A larger test set is evaluated in the background, see `Moving.evaluation`.
"""


class Moving(Shown):
    """What takes an open experiment to another moment of its training; while it runs elsewhere, stepping is refused."""

    def __init__(self, experiment: Experiment, data: Dataset) -> None:
        super().__init__(experiment, data)
        self.walk = Walk(self)
        self._evaluating = False

    # Steps

    def next_layer(self) -> None:
        """One record of the tape further."""
        self._step("forward")

    def back(self) -> None:
        """One record of the tape back."""
        self._step("back")

    def next_batch(self, stop: Stop | None = None) -> None:
        """To the end of this batch, or of the next one if this one is done; or to a place before it to stop at."""
        self._step("finish_batch", stop)

    def batch_start(self) -> None:
        """To the start of this batch."""
        self.go_to(0)

    def go_to(self, cursor: int) -> None:
        """Anywhere on the current tape."""
        self._step("go_to", cursor)

    def record_ahead(self) -> None:
        """Record the next batch while nobody waits for it, if this one is done and that takes noticeably long.

        Not while an evaluation is under way, which needs the weights that are shown.
        """
        if self._standing.stepper and not self.running and not self._evaluating:
            self._standing.stepper.record_ahead()

    def _step(self, move: str, *arguments: Any) -> None:
        if self.running:
            return
        if self.batch_waits:
            self._standing.record_batch()
            self._announce()
        if self._standing.stepper is None:
            return
        try:
            getattr(self._standing.stepper, move)(*arguments)
        except ChainruleError as error:
            self.failed.emit(str(error))
            return
        with self._one_move():
            self._note_progress()
            self._follow_tape()
            self.position_changed.emit()
        if self.tape and self.tape.refused and self.cursor == len(self.tape):
            self.failed.emit(self.tape.refused)

    def _follow_tape(self) -> None:
        """Select the layer whose record was reached, and keep the sample within the batch."""
        self._stay_within()
        if self.record and self.record.index != self.selected_layer:
            self.selected_layer = self.record.index
            self.selection_changed.emit()

    def _note_progress(self) -> None:
        """Put the batch that was completed into the curves, if it is new to them."""
        assert self.tape and self.trainer
        if self.cursor < len(self.tape) or self.tape.refused:
            return
        if self.tape.step <= len(self.history.losses):
            if not self._goes_another_way(self.tape):
                return
            self._leave_later(self.tape.step - 1)
            self._note_options(self.tape.step - 1)
        self._standing.stay()
        self.course.add(self.tape.step, [self.tape.loss], {})
        with contextlib.suppress(MemoryError):  # the batch is done, with or without what else there is room for
            self.course.keep(self.trainer.state())
            self._evaluate()
        self.history_changed.emit()

    def _evaluate(self) -> None:
        assert self.trainer
        for part, rows in (("train", self.data.x_train), ("test", self.data.x_test)):
            if len(rows) <= CHEAP_EVALUATION:
                self.history.add_evaluations(part, {self.trainer.steps: self.trainer.evaluate(part)})

    @property
    def lacks_evaluation(self) -> bool:
        """Whether the newest weights are shown and the test data were not evaluated with them."""
        stepper, tests = self._standing.stepper, self.history.evaluations["test"]
        is_newest = stepper.is_newest and not self.in_past if stepper else self.batch_waits
        return is_newest and not self.running and self.steps_done not in tests

    def evaluation(self) -> Generator[None, None, None]:
        """Evaluate the test data with the newest weights, piece by piece, where `lacks_evaluation`.

        In the end the result is in the curves. Whoever leaves it before closes it; nothing may move meanwhile.
        """
        assert self.trainer
        self._evaluating = True
        try:
            for found in self.trainer.evaluation("test"):
                if found:
                    self.course.add(self.trainer.steps + 1, [], {"test": {self.trainer.steps: found}})
                    self.history_changed.emit()
                yield
        finally:
            self._evaluating = False

    # The past

    def travel(self, step: int) -> None:
        """Show the newest kept moment that is not later than `step`, with the batch that follows it before its updates.

        Nothing is lost: `back_to_now` shows the newest moment as it was. Stepping from an earlier moment repeats the
        course, and the curves stay, as long as every batch comes out as it once did. What leaves the later curve, as a
        past run that Undo brings back, is a batch that comes out differently, an edit, or a run from there.
        """
        state = self.course.snapshots.nearest(step)
        if state is None or self.running or self.trainer is None:
            return
        had_problem = self.problem
        self._standing.travel(state)
        self._announce_place(had_problem)

    def back_to_now(self) -> None:
        """Show the newest moment again, exactly as it was left."""
        had_problem = self.problem
        if self._standing.back_to_now():
            self._announce_place(had_problem)

    def _announce_place(self, had_problem: str) -> None:
        self._stay_within()
        with self._one_move():
            if self.problem != had_problem:
                self.experiment_changed.emit()
            self.position_changed.emit()

    def _goes_another_way(self, tape: Tape) -> bool:
        """Whether a batch that was repeated after travelling was trained, or came out, differently than it once did."""
        if not self.in_past:
            return False  # walking over tapes as they were recorded
        return self.history.experiment_of(tape.step) != self.experiment or self.history.losses.at(tape.step) not in (
            tape.loss,
            None,
        )

    # Running elsewhere

    def begin_run(self) -> dict[str, Any] | None:
        """Hand the weights over: the trainer's state to start from, or None when there is nothing to run."""
        stepper = self._standing.stepper
        if self.running:
            return None
        if stepper and 0 < stepper.cursor < len(stepper.tape):
            if self.in_past:
                self.batch_start()  # the run repeats this batch, and leaves the later curve from here on
            else:
                self.next_batch()  # a batch that was begun is finished here: the curves need its loss
                if stepper.tape.refused:
                    return None
        state = self._standing.state_to_run()
        if state is None:
            return None
        self._leave_later(state["steps"])
        self._note_options(state["steps"])
        self.course.keep(state)
        self._set_running(True)
        return state

    def show_progress(
        self,
        first_step: int,
        losses: Array,
        found: dict[str, dict[int, Evaluation]],
        changes: Sequence[tuple[int, Spec]] = (),
    ) -> None:
        """Add what a running training reported to the curves, and the options its optimizer has had since a step."""
        self.course.add(first_step, losses, found)
        for step, optimizer in changes:
            self._note_options(step, experiment=dataclasses.replace(self.experiment, optimizer=optimizer))
        self.history_changed.emit()

    def show_state(self, state: dict[str, Any], *, record: bool = True) -> None:
        """Show a running training: the next batch from `state` on, as a complete tape, or none without `record`."""
        self.course.keep(state)
        self._mirror_options(state["steps"])
        self._standing.take_up(state, record=record)
        if self._standing.stepper:
            self._standing.stepper.finish_batch()
        self._stay_within()
        self.position_changed.emit()

    def _mirror_options(self, step: int) -> None:
        """Let the batch after `step` be done here with the options with which the engine does it."""
        experiment = self.history.experiment_of(step + 1)
        if self.trainer and experiment:
            options = {name: value for name, value in experiment.optimizer.items() if name != "kind"}
            self.trainer.set_optimizer_options(options)

    def end_run(self, state: dict[str, Any], *, record: bool = True, stay: bool = False) -> None:
        """Take the weights back; the batch that follows is done here, so that all of it can be seen.

        Without `record` that batch waits for the next step; with `stay` it is left before its updates, because what is
        told of the weights is about those that were handed back.
        """
        with self._one_move():
            self._set_running(False)
            self.course.cut(state["steps"])  # a process that died had reported steps whose weights died with it
            self._note_options(state["steps"])
            self.show_state(state, record=record)
            if self.tape is None:
                self._announce()
            elif self.walk.stop_in_batch():
                pass
            elif stay and self._standing.stepper:
                self._standing.stepper.go_before_updates()
                self.position_changed.emit()
            else:
                self._note_progress()

    def _set_running(self, running: bool) -> None:
        self.running = running
        self.running_changed.emit()

    # Leaving a later moment

    def _moment(self, *, last: bool = False) -> Moment:
        """The newest moment, wherever one has travelled to.

        Where one has walked back over tapes, it is the `last` one they reach to if that is wanted, or if they have
        other options than those that count now: made anew they would come out differently.
        """
        state, cursor = self._standing.newest_place()
        course = self.course
        steps = len(course.history.losses)
        is_before = (
            state is not None and state["steps"] < steps and (last or not self._as_trained(state["steps"], steps))
        )
        if is_before and (newest := self._standing.state_after(steps)):
            state, cursor = newest, 0
        return Moment(
            self.experiment,
            self.data,
            state,
            cursor,
            course.history.copy(),
            list(course.marks),
            self.selected_layer,
            course.snapshots.line(),
        )

    def _as_trained(self, after: int, last: int) -> bool:
        """Whether all steps after one, up to the last one, were trained with the options that count now."""
        return all(self.history.experiment_of(step) == self.experiment for step in range(after + 1, last + 1))

    def _leave_later(self, step: int) -> None:
        """Go on from a step: what came after it stays as a past run, and Undo brings it back."""
        if len(self.history.losses) > step:
            self.edits.add(f"going on from step {count(step)}", self._moment(last=True))
            self.experiment_changed.emit()
        self.course.go_on_from(step, f"left at step {count(step)}")
        self._standing.stay()

    def _note_options(self, step: int, label: str = "other options", experiment: Experiment | None = None) -> None:
        """From `step` on an experiment's options count; if they are others than before, the curves get a mark."""
        experiment, before = experiment or self.experiment, self.history.experiment_of(step + 1)
        if before not in (None, experiment):
            self.course.mark(step, change_words(before, experiment) or label)
        self.history.follow(step, experiment)
