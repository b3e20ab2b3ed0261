"""Where the training stands: the trainer, the tapes around the cursor, or the problem that prevents them.

Weights that are there are never dropped: while no tape can be recorded their state is held, and while an earlier moment
is shown the newest one is put aside.
"""

from typing import Any

from app.document.present import Present
from app.document.stepper import Stepper
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.tape import Tape
from core.trainer import Trainer
from core.types import Arrays, ChainruleError


class Standing:
    """`trainer` and `stepper` are there only while a step can be made; otherwise `problem` says why it cannot.

    A stepper may also be missing because the batch `waits` to be recorded.
    """

    def __init__(self) -> None:
        self.trainer: Trainer | None = None
        self.stepper: Stepper | None = None
        self.problem = ""
        self._held: dict[str, Any] | None = None  # the trainer's state while there is no tape
        self._present: Present | None = None  # the newest moment while an earlier one is shown

    # What stands here

    @property
    def tape(self) -> Tape | None:
        """The tape of the batch the cursor is in."""
        return self.stepper.tape if self.stepper else None

    @property
    def cursor(self) -> int:
        """How many records of the tape are done."""
        return self.stepper.cursor if self.stepper else 0

    @property
    def steps_done(self) -> int:
        """Training steps that are complete at the cursor."""
        if self.stepper:
            return self.stepper.steps_done
        return self._held["steps"] if self._held else 0

    @property
    def has_weights(self) -> bool:
        """Whether there are weights to go on with, be it without a tape."""
        return self.stepper is not None or self._held is not None

    @property
    def in_past(self) -> bool:
        """Whether an earlier moment is shown."""
        return self._present is not None

    @property
    def tape_memory(self) -> int:
        """Bytes that the tapes take which one can walk back over."""
        steppers = (self.stepper, self._present.stepper if self._present else None)
        return sum(stepper.memory for stepper in steppers if stepper)

    @property
    def waits(self) -> bool:
        """Whether a step can be made and the batch of it is not recorded yet."""
        return self.trainer is not None and self._held is not None and not (self.stepper or self.problem)

    def weights(self) -> Arrays:
        """Parameters and buffers at the cursor, in the order of a state dict; empty without weights."""
        if self.tape is None or self.trainer is None:
            return self._held["weights"] if self._held else {}
        shown = self.tape.parameters_at(self.cursor) | self.tape.buffers_at(self.cursor)
        return {name: shown[name] for name in self.trainer.network.state_dict()}

    def newest_place(self) -> tuple[dict[str, Any] | None, int]:
        """A state and a cursor that lead to the newest moment, wherever one has travelled to."""
        if self._present:
            return self._present.place
        return self.stepper.place() if self.stepper else (self._held, 0)

    def state_after(self, step: int) -> dict[str, Any] | None:
        """The state of the newest moment, or of one before it, when so many steps were done; None if it is gone."""
        if self.trainer is None:
            return None
        stepper, state = self.stepper, self.trainer.state()
        if self._present:
            stepper, state = self._present.stepper, self._present.trainer_state
        return state if state["steps"] == step else stepper.state_after(step) if stepper else None

    def state_to_run(self) -> dict[str, Any] | None:
        """The state that a run goes on from; None where no step can be made."""
        return self.stepper.state_at_cursor() if self.stepper else self._held if self.waits else None

    # Going elsewhere

    def start(self, experiment: Experiment, data: Dataset, state: dict[str, Any] | None = None) -> None:
        """A new trainer, at step 0 or at a state; where there can be none, the state is held."""
        self._held = state
        self._make_trainer(experiment, data)
        if self.trainer:
            self.take_up(state or self.trainer.state())

    def take_up(self, state: dict[str, Any], *, record: bool = True) -> None:
        """Stand before the batch that follows a state; if that batch cannot be computed, keep the state.

        Without `record` that batch is left until `record_batch`.
        """
        assert self.trainer
        state = self.trainer.suited(state)
        self._held, self.stepper, self.problem = state, None, ""
        try:
            self.trainer.restore(state)
            if record:
                self.stepper = Stepper(self.trainer)
        except ChainruleError as error:
            self.problem = str(error)

    def record_batch(self) -> None:
        """Record the batch that waits for it."""
        assert self._held
        self.take_up(self._held)

    def go_on_with(self, experiment: Experiment, data: Dataset) -> None:
        """Keep the weights and the place on the tape, with a trainer that has other options."""
        stepper, held, waits = self.stepper, self._held, self.waits
        self._held = stepper.state_to_resume() if stepper else held
        self._make_trainer(experiment, data)
        if self.trainer and stepper:
            try:
                stepper.go_on_with(self.trainer)
                self.stepper = stepper
            except ChainruleError as error:
                self.problem = str(error)
        elif self.trainer and held:
            self.take_up(held, record=not waits)

    def travel(self, state: dict[str, Any]) -> None:
        """Show an earlier state with the batch that follows it, before its updates; the newest moment is put aside."""
        assert self.trainer
        if self._present is None:
            self._present = Present.of(self.stepper, self._held, self.problem, self.trainer)
        self.take_up(state)
        if self.stepper:
            self.stepper.go_before_updates()

    def back_to_now(self) -> bool:
        """Show the newest moment again, exactly as it was left; returns whether another one was shown."""
        present, self._present = self._present, None
        if present is None or self.trainer is None:
            return False
        self.stepper, self._held, self.problem = present.stepper, present.held, present.problem
        self.trainer.restore(present.trainer_state)
        return True

    def stay(self) -> None:
        """What is shown is the newest moment from now on."""
        self._present = None

    def _make_trainer(self, experiment: Experiment, data: Dataset) -> None:
        self.trainer, self.stepper, self._present, self.problem = None, None, None, ""
        try:
            self.trainer = experiment.trainer(data)
        except ChainruleError as error:
            self.problem = str(error)
        except MemoryError:
            self.problem = "There is not enough memory for this network: make its largest layer smaller."
