"""What is open and where it stands: everything that panels read and listen to, and what a person has selected of it.

It knows nothing of Qt. While a training runs elsewhere the trainer here is a mirror, fed with frames.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar

from psygnal import Signal

from app.document.course import Course
from app.document.edits import Edits
from app.document.history import History
from app.document.questions import Questions
from app.document.standing import Standing
from app.document.stepper import TapeMemory
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.explain.scene import Step
from core.layers import layer_from_spec
from core.network import Network, output_shapes
from core.tape import Record, Tape
from core.trainer import Trainer
from core.types import Arrays, Shape, ShapeError

NOT_RECORDED = "The batch that follows takes long and is not recorded yet: press Next layer or Next batch."


class Shown:
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
        # Before anybody draws: the places asked for have to follow their records to another tape.
        self.position_changed.connect(self._know_tape)
        self._announced = data

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
        return self._standing.problem or (NOT_RECORDED if self.batch_waits else "")

    @property
    def batch_waits(self) -> bool:
        """Whether there is no tape only because the batch takes long: a step records it."""
        return self._standing.waits

    @property
    def shows_weights(self) -> bool:
        """Whether the network that is open has weights at the cursor, be it that their batch waits."""
        return self.tape is not None or self.batch_waits

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
        """The parameters as they stand at the cursor; empty while the layers do not fit."""
        if self.network is None or not self.shows_weights:
            return {}
        weights = self.weights()
        return {name: weights[name] for name in self.network.parameters()}

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

    def shape_before(self, index: int) -> Shape:
        """The shape of a sample that enters a layer put in at `index`; that of the data where the stack is broken."""
        layers = [layer_from_spec(spec) for spec in self.experiment.layers[:index]]
        try:
            return (self.data.input_shape, *output_shapes(layers, self.data.input_shape))[-1]
        except ShapeError:
            return self.data.input_shape

    # Selection

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

    def _stay_within(self) -> None:
        """Keep the selection within the layers and the batch that are there now."""
        self.selected_layer = min(self.selected_layer, len(self.experiment.layers))
        if self.tape:
            self.sample = min(self.sample, len(self.tape.rows) - 1)

    # Telling

    def _know_tape(self) -> None:
        self.questions.know(self.tape)

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
