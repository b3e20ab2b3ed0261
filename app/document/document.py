"""The open experiment: choosing and changing it, undoably, and building it anew where a change asks for that.

Panels read it and listen to its signals (`shown`), steps are taken with it (`moving`); they change it through its
methods only.
"""

import dataclasses
from typing import Any

from app.document.edits import Moment
from app.document.moving import Moving
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.words import count


class Document(Moving):
    """One experiment with its data, from the first choice of a person on."""

    def __init__(self, experiment: Experiment, data: Dataset) -> None:
        super().__init__(experiment, data)
        self._build()

    # Choices

    def edit(self, label: str, **changes: Any) -> None:
        """Change entries of the experiment, undoably. Errors: OptionError, and nothing has changed."""
        self.change(label, dataclasses.replace(self.experiment, **changes), self.data)

    def change(self, label: str, experiment: Experiment, data: Dataset) -> None:
        """Take another experiment, and perhaps other data, undoably.

        Weights and the place on the tape stay where layers, start weights and data set do. While a training runs, the
        options of its optimizer change as it goes; anything else, data that was loaded anew too, asks for a pause first
        (`pause_needed`).
        """
        if experiment == self.experiment:
            return
        if self.running and not (data is self.data and experiment.only_live_options_differ(self.experiment)):
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

    def reset(self) -> None:
        """Back to step 0 with the same start weights, undoably."""
        self.pause_needed.emit()
        if self.cursor or len(self.history.losses):
            self.edits.add("reset", self._moment(last=True))
        self._build(self.experiment.name)

    def _change_live(self, experiment: Experiment) -> None:
        """Change options of the optimizer while it runs elsewhere; `show_progress` hears from which step they count."""
        self.experiment = experiment
        self.experiment_changed.emit()

    def _return_to(self, moment: Moment) -> None:
        keeps_weights = self._can_keep_weights(moment.experiment, moment.data)
        if keeps_weights and moment.experiment != self.experiment and not self._lacks_memory_of(moment):
            self._switch("undo", moment.experiment, moment.data)
            return
        # The weights of that moment too: the edit began anew, or (the choices being the same) it was about them; or
        # they are the same, and what another kind of optimizer remembers comes with them.
        self.course.return_to(moment.history, moment.marks, moment.kept, self.experiment.name)
        selected = self.selected_layer if moment.experiment.layers == self.experiment.layers else moment.selected
        self.experiment, self.data = moment.experiment, moment.data
        self._standing.start(moment.experiment, moment.data, moment.state)
        if self._standing.stepper:
            self._standing.stepper.go_to(moment.cursor)
        self._announce()
        self.select_layer(selected)

    def _lacks_memory_of(self, moment: Moment) -> bool:
        """Whether the optimizer is of another kind than at that moment, and nothing was trained since."""
        now, _ = self._standing.newest_place()
        is_other_kind = moment.experiment.optimizer["kind"] != self.experiment.optimizer["kind"]
        return is_other_kind and now is not None and moment.is_of(self.history, now["steps"])

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
        self.course.go_on_from(step, f"left at step {count(step)}")
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
