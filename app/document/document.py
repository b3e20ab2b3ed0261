"""The open experiment and everything the window shows of it.

Panels read it and listen to its signals; they change it through its methods only. It knows nothing of Qt. While a
training runs elsewhere the trainer here is a mirror, fed with frames, and its own stepping is refused.
"""

import contextlib
import dataclasses
from collections.abc import Generator, Iterator, Sequence
from typing import Any, ClassVar

from psygnal import Signal

from app.document.changes import change_words
from app.document.course import Course
from app.document.edits import Edits, Moment
from app.document.history import History
from app.document.questions import Questions
from app.document.standing import Standing
from app.document.stepper import Stop, TapeMemory
from app.document.walk import Walk
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.explain.scene import Step
from core.metrics import Evaluation
from core.network import Network
from core.tape import Record, Tape
from core.trainer import Trainer
from core.types import Array, Arrays, ChainruleError, Spec

CHEAP_EVALUATION = 2_000
"""Training and test sets up to this size are evaluated after every batch that is stepped through.

A larger test set is evaluated in the background, see `Document.evaluation`.
"""


class Document:
    """One experiment, its data, its trainer and the place on the tape.

    `trainer`, `tape` and `cursor` are there only while a step can be made; otherwise `problem` says why it cannot (the
    layers do not fit, or the next step gives numbers that are not finite). Weights that were there are kept meanwhile.
    """

    experiment_changed: ClassVar[Signal] = Signal()  # any choice, or whether it works (`problem`)
    data_changed: ClassVar[Signal] = Signal()  # other arrays
    position_changed: ClassVar[Signal] = Signal()  # another tape or cursor: everything that is shown may differ
    history_changed: ClassVar[Signal] = Signal()
    selection_changed: ClassVar[Signal] = Signal()
    running_changed: ClassVar[Signal] = Signal()
    settled: ClassVar[Signal] = Signal()  # the signals of one move are all sent, see `settling`
    failed: ClassVar[Signal] = Signal(str)  # a sentence: what was asked for cannot be done
    pause_needed: ClassVar[Signal] = Signal()  # whoever runs a training must have handed the weights back on return

    def __init__(self, experiment: Experiment, data: Dataset) -> None:
        self.experiment = experiment
        self.data = data
        self.edits = Edits()
        self.questions = Questions()
        self.course = Course()
        self.running = False
        self.settling = False  # in the middle of a move: more signals are to come
        self.selected_layer = 0
        self.sample = 0
        self.whole_batch = False  # pictures show the mean over the batch instead of `sample`
        self._standing = Standing()
        self.walk = Walk(self)
        self._announced = data
        self._evaluating = False
        self._build()

    # What is shown

    @property
    def history(self) -> History:
        """The curves of the run that is open."""
        return self.course.history

    @property
    def trainer(self) -> Trainer | None:
        """The trainer, ahead of the cursor or at it; None while the layers do not fit."""
        return self._standing.trainer

    @property
    def problem(self) -> str:
        """Why there is no tape; empty while there is one."""
        return self._standing.problem

    @property
    def tape(self) -> Tape | None:
        """The tape of the batch the cursor is in."""
        return self._standing.tape

    @property
    def step(self) -> Step | None:
        """The tape with the layers, loss and options it was recorded with, whatever was changed since."""
        return self._standing.stepper.step if self._standing.stepper else None

    @property
    def cursor(self) -> int:
        """How many records of the tape are done."""
        return self._standing.cursor

    @property
    def record(self) -> Record | None:
        """The record that was done last, which the window explains."""
        return self.tape.records[self.cursor - 1] if self.tape and self.cursor else None

    @property
    def network(self) -> Network | None:
        """The network; its layers' parameters may be ahead of the cursor, see `parameters`."""
        return self.trainer.network if self.trainer else None

    def parameters(self) -> Arrays:
        """The parameters as they stand at the cursor."""
        return self.tape.parameters_at(self.cursor) if self.tape else {}

    def rng_before_batch(self) -> dict[str, Any]:
        """The trainer's random state before the batch the cursor is in."""
        assert self._standing.stepper
        return self._standing.stepper.rng_before_batch()

    def weights(self) -> Arrays:
        """Parameters and buffers as they stand at the cursor, in the order of a state dict; empty without weights."""
        return self._standing.weights()

    @property
    def steps_done(self) -> int:
        """Training steps that are complete at the cursor."""
        return self._standing.steps_done

    @property
    def epochs_done(self) -> int:
        """Epochs that are complete at the cursor."""
        return self.steps_done // self.trainer.batches_per_epoch if self.trainer else 0

    @property
    def can_go_back(self) -> bool:
        """Whether Back has somewhere to go."""
        stepper = self._standing.stepper
        return not self.running and stepper is not None and stepper.can_go_back

    @property
    def in_past(self) -> bool:
        """Whether an earlier moment is shown, see `travel`."""
        return self._standing.in_past

    @property
    def tape_memory(self) -> int:
        """Bytes that the tapes take which one can walk back over."""
        return self._standing.tape_memory

    @property
    def tapes(self) -> TapeMemory | None:
        """What the tapes take that lie around the cursor."""
        return self._standing.stepper.tapes if self._standing.stepper else None

    def shown_evaluation(self) -> tuple[int, Evaluation] | None:
        """The newest evaluation on test data that is not later than the cursor."""
        return self.history.evaluation_at(self.steps_done)

    # Choices

    def edit(self, label: str, **changes: Any) -> None:
        """Change entries of the experiment, undoably. Errors: OptionError, and nothing has changed."""
        self.change(label, dataclasses.replace(self.experiment, **changes), self.data)

    def change(self, label: str, experiment: Experiment, data: Dataset) -> None:
        """Take another experiment, and perhaps other data, undoably.

        Weights and the place on the tape stay where layers, start weights and data set do. While a training runs, the
        options of its optimizer change as it goes; anything else asks for a pause first (`pause_needed`).
        """
        if experiment == self.experiment:
            return
        if self.running and not experiment.only_live_options_differ(self.experiment):
            self.pause_needed.emit()
        if not self.running and self._can_keep_weights(experiment, data):
            self._leave_later(self.steps_done)
        self.edits.add(label, self._moment())
        if self.running:
            self._change_live(experiment)
        else:
            self._switch(label, experiment, data)

    def open(self, experiment: Experiment, data: Dataset) -> None:
        """Take another experiment in place of one that nobody has asked for or touched: nothing to go back to."""
        self._switch("", experiment, data)

    def _change_live(self, experiment: Experiment) -> None:
        """Change options of the optimizer while it runs elsewhere; `show_progress` hears from which step they count."""
        self.experiment = experiment
        self.experiment_changed.emit()

    def undo(self) -> None:
        """Take the last edit back; training done since stays where the weights can."""
        self.pause_needed.emit()
        self.back_to_now()
        if moment := self.edits.undo(self._moment()):
            self._return_to(moment)

    def redo(self) -> None:
        """Make the edit again that was taken back."""
        self.pause_needed.emit()
        self.back_to_now()
        if moment := self.edits.redo(self._moment()):
            self._return_to(moment)

    def _moment(self) -> Moment:
        """The newest moment, wherever one has travelled to."""
        state, cursor = self._standing.newest_place()
        course = self.course
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

    def _leave_later(self, step: int) -> None:
        """Go on from a step: what came after it stays as a past run, and Undo brings it back."""
        steps = len(self.history.losses)
        if steps > step:
            moment = self._moment()
            stepper = self._standing.stepper
            if not self.in_past and stepper:  # walked back over tapes, which still reach to the newest step
                moment = dataclasses.replace(moment, state=stepper.state_after(steps), cursor=0)
            self.edits.add(f"going on from step {step}", moment)
            self.experiment_changed.emit()
        self.course.go_on_from(step, f"left at step {step}")
        self._standing.stay()

    def _note_options(self, step: int, label: str = "other options", experiment: Experiment | None = None) -> None:
        """From `step` on an experiment's options count; if they are others than before, the curves get a mark."""
        experiment, before = experiment or self.experiment, self.history.experiment_of(step + 1)
        if before not in (None, experiment):
            self.course.mark(step, change_words(before, experiment) or label)
        self.history.follow(step, experiment)

    def _return_to(self, moment: Moment) -> None:
        if moment.experiment != self.experiment and self._can_keep_weights(moment.experiment, moment.data):
            self._switch("undo", moment.experiment, moment.data)
            return
        # The weights of that moment too: the edit began anew, or (the choices being the same) it was about them.
        self.course.return_to(moment.history, moment.marks, moment.kept, self.experiment.name)
        selected = self.selected_layer if moment.experiment.layers == self.experiment.layers else moment.selected
        self.experiment, self.data = moment.experiment, moment.data
        self._standing.start(moment.experiment, moment.data, moment.state)
        if self._standing.stepper:
            self._standing.stepper.go_to(moment.cursor)
        self._announce()
        self.select_layer(selected)

    def select_layer(self, index: int) -> None:
        """Select a layer; −1 is the input, the number of layers is the loss."""
        index = max(-1, min(index, len(self.experiment.layers)))
        if index != self.selected_layer:
            self.selected_layer = index
            self.selection_changed.emit()

    def select_sample(self, sample: int) -> None:
        """Select one sample of the batch."""
        if self.tape is None:
            return
        sample = max(0, min(sample, len(self.tape.rows) - 1))
        if sample != self.sample or self.whole_batch:
            self.sample, self.whole_batch = sample, False
            self.selection_changed.emit()

    def show_whole_batch(self, wanted: bool) -> None:
        """Show the mean over the batch, or the selected sample again."""
        if wanted != self.whole_batch:
            self.whole_batch = wanted
            self.selection_changed.emit()

    def reset(self) -> None:
        """Back to step 0 with the same start weights, undoably."""
        self.pause_needed.emit()
        if self.steps_done or self.cursor:
            self.edits.add("reset", self._moment())
        self._build("start weights")

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
        if self._standing.stepper is None or self.running:
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

    @contextlib.contextmanager
    def _one_move(self) -> Iterator[None]:
        """Several signals for one move: whoever draws waits for the end (`settled`) and draws once."""
        outer, self.settling = self.settling, True
        try:
            yield
        finally:
            self.settling = outer
            if not outer:
                self.settled.emit()

    def _follow_tape(self) -> None:
        """Select the layer whose record was reached, and keep the sample within the batch."""
        self._stay_within()
        if self.record and self.record.index != self.selected_layer:
            self.selected_layer = self.record.index
            self.selection_changed.emit()

    def _note_progress(self) -> None:
        """Put the batch that was completed into the curves, if it is new to them."""
        assert self.tape and self.trainer
        if self.cursor < len(self.tape):
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
                self.history.evaluations[part][self.trainer.steps] = self.trainer.evaluate(part)

    @property
    def lacks_evaluation(self) -> bool:
        """Whether the newest weights are shown and the test data were not evaluated with them."""
        stepper, tests = self._standing.stepper, self.history.evaluations["test"]
        at_newest = stepper is not None and stepper.is_newest and not self.in_past and not self.running
        return at_newest and self.steps_done not in tests

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
        if stepper is None or self.running:
            return None
        if 0 < stepper.cursor < len(stepper.tape):
            if self.in_past:
                self.batch_start()  # the run repeats this batch, and leaves the later curve from here on
            else:
                self.next_batch()  # a batch that was begun is finished here: the curves need its loss
        state = stepper.state_at_cursor()
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

    def show_state(self, state: dict[str, Any]) -> None:
        """Show a running training: the next batch from `state` on, as a complete tape."""
        self.course.keep(state)
        self._mirror_options(state["steps"])
        self._standing.take_up(state)
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

    def end_run(self, state: dict[str, Any]) -> None:
        """Take the weights back; the batch that follows is done here, so that all of it can be seen."""
        self._set_running(False)
        self.course.cut(state["steps"])  # a process that died had reported steps whose weights died with it
        self._note_options(state["steps"])
        self.show_state(state)
        if self.tape is None:
            self._announce()
        elif not self.walk.stop_in_batch():
            self._note_progress()

    def _set_running(self, running: bool) -> None:
        self.running = running
        self.running_changed.emit()

    # Building

    def _switch(self, label: str, experiment: Experiment, data: Dataset) -> None:
        keeps_weights, left = self._can_keep_weights(experiment, data), self.experiment.name
        self.experiment, self.data = experiment, data
        if keeps_weights:
            self._go_on_with_new_options(label)
        else:
            self._build(left)

    def _can_keep_weights(self, experiment: Experiment, data: Dataset) -> bool:
        """Whether there are weights, and they can go on in that experiment with that data."""
        return self._standing.has_weights and data is self.data and experiment.same_weights_as(self.experiment)

    def _go_on_with_new_options(self, label: str) -> None:
        """Keep the weights and the place on the tape."""
        step = self.steps_done
        self._standing.go_on_with(self.experiment, self.data)
        self.course.go_on_from(step, f"left at step {step}")
        self._note_options(step, label)
        self._announce()

    def _build(self, left: str = "") -> None:
        """Start anew from the experiment: fresh weights, step 0, empty curves; the run that was open is `left`."""
        self.course.start_anew(left)
        self.questions.forget()
        self._standing.start(self.experiment, self.data)
        self.history.follow(0, self.experiment)
        if self._standing.stepper:
            self.course.keep(self._standing.stepper.state_to_resume())
        self._announce()

    def _stay_within(self) -> None:
        """Keep the selection within the layers and the batch that are there now."""
        self.selected_layer = min(self.selected_layer, len(self.experiment.layers))
        if self.tape:
            self.sample = min(self.sample, len(self.tape.rows) - 1)

    def _announce(self) -> None:
        """Tell everybody, once all of the new state is in place."""
        self._stay_within()
        with self._one_move():
            if self._announced is not self.data:
                self._announced = self.data
                self.data_changed.emit()
            self.experiment_changed.emit()
            self.history_changed.emit()
            self.position_changed.emit()
