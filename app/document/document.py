"""The open experiment and everything the window shows of it.

Panels read it and listen to its signals; they change it through its methods only. It knows nothing of Qt. While a
training runs elsewhere the trainer here is a mirror, fed with frames, and its own stepping is refused.
"""

import copy
import dataclasses
from typing import Any, ClassVar

from psygnal import Signal

from app.document.edits import Edits, Moment
from app.document.history import History
from app.document.stepper import Stepper
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.metrics import Evaluation
from core.network import Network
from core.tape import Record, Tape
from core.trainer import Trainer
from core.types import Array, Arrays, ChainruleError

CHEAP_EVALUATION = 2_000
"""Test sets up to this size are evaluated after every batch, larger ones after every epoch and every run."""


class Document:
    """One experiment, its data, its trainer and the place on the tape.

    `trainer`, `tape` and `cursor` are there only while the layers fit; otherwise `problem` says what does not.
    """

    experiment_changed: ClassVar[Signal] = Signal()  # any choice, or whether it works (`problem`)
    data_changed: ClassVar[Signal] = Signal()  # other arrays
    position_changed: ClassVar[Signal] = Signal()  # another tape or cursor: everything that is shown may differ
    history_changed: ClassVar[Signal] = Signal()
    selection_changed: ClassVar[Signal] = Signal()
    running_changed: ClassVar[Signal] = Signal()
    pause_needed: ClassVar[Signal] = Signal()  # whoever runs a training must have handed the weights back on return

    def __init__(self, experiment: Experiment, data: Dataset) -> None:
        self.experiment = experiment
        self.data = data
        self.edits = Edits()
        self.history = History()
        self.running = False
        self.problem = ""
        self.trainer: Trainer | None = None
        self.selected_layer = 0
        self.sample = 0
        self._stepper: Stepper | None = None
        self._build()

    # What is shown

    @property
    def tape(self) -> Tape | None:
        """The tape of the batch the cursor is in."""
        return self._stepper.tape if self._stepper else None

    @property
    def cursor(self) -> int:
        """How many records of the tape are done."""
        return self._stepper.cursor if self._stepper else 0

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

    def weights(self) -> Arrays:
        """Parameters and buffers as they stand at the cursor, in the order of a state dict."""
        assert self.tape and self.network
        shown = self.parameters() | self.tape.buffers_at(self.cursor)
        return {name: shown[name] for name in self.network.state_dict()}

    @property
    def steps_done(self) -> int:
        """Training steps that are complete at the cursor."""
        return self._stepper.steps_done if self._stepper else 0

    @property
    def epochs_done(self) -> int:
        """Epochs that are complete at the cursor."""
        return self.steps_done // self.trainer.batches_per_epoch if self.trainer else 0

    @property
    def can_go_back(self) -> bool:
        """Whether Back has somewhere to go."""
        return not self.running and self._stepper is not None and self._stepper.can_go_back

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
        if self.running:
            self.experiment = experiment
            self.experiment_changed.emit()
            return
        self.edits.add(label, self._moment())
        self._switch(experiment, data)

    def undo(self) -> None:
        """Take the last edit back; training done since stays where the weights can."""
        self.pause_needed.emit()
        if moment := self.edits.undo(self._moment()):
            self._return_to(moment)

    def redo(self) -> None:
        """Make the edit again that was taken back."""
        self.pause_needed.emit()
        if moment := self.edits.redo(self._moment()):
            self._return_to(moment)

    def _moment(self) -> Moment:
        state = self._stepper.state_at_cursor() if self._stepper else None
        return Moment(self.experiment, self.data, state, copy.deepcopy(self.history))

    def _return_to(self, moment: Moment) -> None:
        keeps_weights = moment.data is self.data and self.trainer and moment.experiment.same_weights_as(self.experiment)
        self._switch(moment.experiment, moment.data)
        if not keeps_weights and moment.state and self.trainer:
            self.trainer.restore(moment.state)
            self._stepper = Stepper(self.trainer)
            self.history = moment.history
            self._announce()

    def select_layer(self, index: int) -> None:
        """Select a layer; −1 is the input, the number of layers is the loss."""
        index = max(-1, min(index, len(self.experiment.layers)))
        if index != self.selected_layer:
            self.selected_layer = index
            self.selection_changed.emit()

    def select_sample(self, sample: int) -> None:
        """Select one sample of the batch."""
        if self.tape and sample != self.sample:
            self.sample = max(0, min(sample, len(self.tape.rows) - 1))
            self.selection_changed.emit()

    def reset(self) -> None:
        """Back to step 0 with the same start weights."""
        self._build()

    # Steps

    def next_layer(self) -> None:
        """One record of the tape further."""
        self._step("forward")

    def back(self) -> None:
        """One record of the tape back."""
        self._step("back")

    def next_batch(self) -> None:
        """To the end of this batch, or of the next one if this one is done."""
        self._step("finish_batch")

    def batch_start(self) -> None:
        """To the start of this batch."""
        self.go_to(0)

    def go_to(self, cursor: int) -> None:
        """Anywhere on the current tape."""
        self._step("go_to", cursor)

    def _step(self, move: str, *arguments: int) -> None:
        if self._stepper is None or self.running:
            return
        getattr(self._stepper, move)(*arguments)
        self._note_progress()
        self._follow_tape()
        self.position_changed.emit()

    def _follow_tape(self) -> None:
        """Select the layer whose record was reached, and keep the sample within the batch."""
        assert self.tape
        self.sample = min(self.sample, len(self.tape.rows) - 1)
        if self.record and self.record.index != self.selected_layer:
            self.selected_layer = self.record.index
            self.selection_changed.emit()

    def _note_progress(self) -> None:
        """Put the batch that was completed into the curves, if it is new to them."""
        assert self.tape and self.trainer
        if self.cursor < len(self.tape) or self.tape.step <= len(self.history.losses):
            return
        self.history.add_losses(self.tape.step, [self.tape.loss])
        epoch_ends = self.tape.step % self.trainer.batches_per_epoch == 0
        if epoch_ends or len(self.data.x_test) <= CHEAP_EVALUATION:
            self._evaluate()
        self.history_changed.emit()

    def _evaluate(self) -> None:
        assert self.trainer
        for part in ("train", "test"):
            if part == "test" or len(self.data.x_train) <= CHEAP_EVALUATION:
                self.history.evaluations[part][self.trainer.steps] = self.trainer.evaluate(part)

    # Running elsewhere

    def begin_run(self) -> dict[str, Any] | None:
        """Hand the weights over: the trainer's state to start from, or None when there is nothing to run."""
        if self._stepper is None or self.running:
            return None
        state = self._stepper.state_at_cursor()
        self.history.truncate(state["steps"])
        self._set_running(True)
        return state

    def show_progress(self, first_step: int, losses: Array, found: dict[str, dict[int, Evaluation]]) -> None:
        """Add what a running training reported to the curves."""
        if len(losses):
            self.history.add_losses(first_step, losses)
        for part, evaluations in found.items():
            self.history.evaluations[part].update(evaluations)
        self.history_changed.emit()

    def show_state(self, state: dict[str, Any]) -> None:
        """Show a running training: the next batch from `state` on, as a complete tape."""
        assert self.trainer
        self.trainer.restore(state)
        self._stepper = Stepper(self.trainer)
        self._stepper.finish_batch()
        self.sample = min(self.sample, len(self._stepper.tape.rows) - 1)
        self.position_changed.emit()

    def end_run(self, state: dict[str, Any]) -> None:
        """Take the weights back; the batch that follows is done here, so that all of it can be seen."""
        self._set_running(False)
        self.show_state(state)
        self._note_progress()
        found = self.history.evaluation_at(self.steps_done)
        if found is None or found[0] != self.steps_done:
            self._evaluate()
            self.history_changed.emit()

    def _set_running(self, running: bool) -> None:
        self.running = running
        self.running_changed.emit()

    # Building

    def _switch(self, experiment: Experiment, data: Dataset) -> None:
        before, self.experiment = self.experiment, experiment
        other_data, self.data = data is not self.data, data
        if other_data:
            self.data_changed.emit()
        if self.trainer and not other_data and experiment.same_weights_as(before):
            self._go_on_with_new_options()
        else:
            self._build()

    def _go_on_with_new_options(self) -> None:
        """Keep the weights and the place on the tape; the current batch is recorded anew with the new options."""
        assert self._stepper
        state, cursor = self._stepper.state_before_batch(), self.cursor
        try:
            trainer = self.experiment.trainer(self.data)
            if state["optimizer"]["kind"] != trainer.optimizer.kind:
                state = {**state, "optimizer": trainer.optimizer.state()}
            trainer.restore(state)
            stepper = Stepper(trainer)
        except ChainruleError as error:
            self._refuse(str(error))
            return
        self.trainer, self._stepper, self.problem = trainer, stepper, ""
        stepper.go_to(min(cursor, len(stepper.tape)))
        self.history.truncate(self.steps_done)
        self.sample = min(self.sample, len(stepper.tape.rows) - 1)
        self._announce()

    def _build(self) -> None:
        """Start anew from the experiment: fresh weights, step 0, empty curves."""
        self.history = History()
        try:
            trainer = self.experiment.trainer(self.data)
            stepper = Stepper(trainer)
        except ChainruleError as error:
            self._refuse(str(error))
            return
        self.trainer, self._stepper, self.problem = trainer, stepper, ""
        self.sample = 0
        self.selected_layer = min(self.selected_layer, len(self.experiment.layers))
        self._announce()

    def _refuse(self, problem: str) -> None:
        self.trainer, self._stepper, self.problem = None, None, problem
        self.selected_layer = min(self.selected_layer, len(self.experiment.layers))
        self._announce()

    def _announce(self) -> None:
        self.experiment_changed.emit()
        self.history_changed.emit()
        self.position_changed.emit()
