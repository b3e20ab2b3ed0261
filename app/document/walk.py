"""Walking along the tape in larger and smaller steps than one record: to the loss, to a layer, into a record.

It moves the document's cursor and keeps what belongs to the walk alone: the sub-step that is shown, where to stop, and
what is to be said about the last move.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from psygnal import Signal

from app.document.breakpoints import Breakpoints
from core.substeps import SubStep, substeps
from core.tape import Record

if TYPE_CHECKING:
    from app.document.moving import Moving

Direction = Literal[1, -1]


class Walk:
    """Moves over a document's tape; every method is a command and does nothing while a training runs."""

    changed: ClassVar[Signal] = Signal()  # the sub-steps, the one that is shown, or the note

    def __init__(self, document: Moving) -> None:
        self.breakpoints = Breakpoints()
        self.substeps: tuple[SubStep, ...] = ()
        self.position = 0  # of the sub-step that is shown
        self.note = ""
        """What is to be said about the last move, beyond the record it led to."""
        self._document = document
        document.position_changed.connect(self._leave)
        document.experiment_changed.connect(self._leave)
        document.running_changed.connect(self._leave)

    @property
    def substep(self) -> SubStep | None:
        """The sub-step that is shown; None outside of a record."""
        return self.substeps[self.position] if self.substeps else None

    # One step

    def next(self) -> None:
        """One sub-step further inside a record, otherwise one record; behind the last one the next batch begins."""
        if self.substeps and self.position + 1 < len(self.substeps):
            self.go_to_substep(self.position + 1)
        else:
            self._document.next_layer()

    def back(self) -> None:
        """One sub-step or record back."""
        if self.substeps and self.position > 0:
            self.go_to_substep(self.position - 1)
        else:
            self._document.back()

    def play(self, direction: Direction) -> bool:
        """One record in a direction; returns whether one may go on, and otherwise `note` says why not."""
        document = self._document
        tape, cursor = document.tape, document.cursor
        (document.next_layer if direction > 0 else document.back)()
        if document.tape is None or (document.tape is tape and document.cursor == cursor):
            return False
        self._say_reason()
        return not self.note

    # Into a record

    def step_into(self) -> None:
        """Show the first sub-step of the record that was done last."""
        document = self._document
        if self.substeps or document.running or document.step is None:
            return
        record = document.record
        if record is None:
            self._say("Nothing is done yet in this batch: press Next layer, then Step into.")
        elif found := tuple(substeps(document.step, document.cursor - 1)):
            self.substeps, self.position, self.note = found, 0, ""
            self.changed.emit()
        else:
            self._say(f"{record.name} does this in one line: there are no sub-steps.")

    def step_out(self) -> None:
        """Back to the record as a whole."""
        self._leave()

    def go_to_substep(self, position: int) -> None:
        """Show another sub-step of the record."""
        if 0 <= position < len(self.substeps) and position != self.position:
            self.position = position
            self.changed.emit()

    # Further

    def next_batch(self) -> None:
        """To the end of this batch, or of the next one if this one is done; or to a reason to stop before it."""
        if not self._document.running:
            self._document.next_batch(self.breakpoints.first)
            self._say_reason()

    def stop_in_batch(self) -> bool:
        """From the end of a batch that was done in one go back to the first reason to stop in it, if there is one."""
        return self._document.tape is not None and self._search(0)

    def batch_end(self) -> None:
        """To the end of this batch."""
        if self._document.tape:
            self._document.go_to(len(self._document.tape))

    def to_backward(self) -> None:
        """To the other side of the loss: from a layer's forward to its backward, and on to its updates."""
        self._other_side(1)

    def to_forward(self) -> None:
        """To the other side of the loss: from a layer's update to its backward, and on to its forward."""
        self._other_side(-1)

    def run_to_loss(self) -> None:
        """To the next loss, in this batch or the next one."""
        self._run_to(lambda record: record.phase == "loss")

    def run_to_layer(self) -> None:
        """To the next record of the selected layer, in this batch or the next one."""
        layer = self._document.selected_layer
        if layer < 0:
            self._say("The input has no records of its own: select a layer first.")
        else:
            self._run_to(lambda record: record.index == layer)

    def run_to_breakpoint(self) -> bool:
        """To a reason to stop in the rest of this batch or, where every batch has a breakpoint, in the next one.

        Returns whether there is one; otherwise a training may run.
        """
        tape = self._document.tape
        if tape is None or self._document.running:
            return False
        if self._search(self._document.cursor):
            return True
        if self.breakpoints.any_in(tape):
            self._run_to(lambda record: False)
            return True
        return False

    def toggle_breakpoint(self) -> None:
        """Set or remove a breakpoint at the record that was done last."""
        if self._document.record:
            self.breakpoints.toggle(self._document.record)

    def _other_side(self, direction: Direction) -> None:
        document = self._document
        tape, cursor, record = document.tape, document.cursor, document.record
        if tape is None or document.running:
            return
        layer = record.index if record else document.selected_layer
        places = range(cursor + 1, len(tape) + 1) if direction > 0 else range(cursor - 1, 0, -1)
        place = next((at for at in places if tape.records[at - 1].index == layer), None)
        if place is None:
            self._say("There is no record of this layer on that side." if layer >= 0 else "The input has no records.")
        else:
            document.go_to(place)

    def _run_to(self, wanted: Callable[[Record], bool]) -> None:
        """Forward to the first record that is wanted or has a reason to stop: in this batch, else in the next."""
        document = self._document
        if document.running or document.tape is None:
            return
        if self._search(document.cursor, wanted):
            return
        tape = document.tape
        document.go_to(len(tape))
        document.next_layer()
        if document.tape is not tape:
            self._search(0, wanted)

    def _search(self, done: int, wanted: Callable[[Record], bool] = lambda record: False) -> bool:
        """To the first record behind `done` ones that is wanted or has a reason to stop; returns whether there is."""
        tape = self._document.tape
        assert tape
        for cursor in range(done + 1, len(tape) + 1):
            if wanted(tape.records[cursor - 1]) or self.breakpoints.reason(tape, cursor):
                self._document.go_to(cursor)
                self._say_reason()
                return True
        return False

    def _say_reason(self) -> None:
        """Say why to stop here, if there is a reason."""
        document = self._document
        self._say(self.breakpoints.reason(document.tape, document.cursor) if document.tape and document.cursor else "")

    def _say(self, note: str) -> None:
        if note != self.note:
            self.note = note
            self.changed.emit()

    def _leave(self) -> None:
        """The cursor has moved: what was said and shown belongs to where it was."""
        if self.substeps or self.note:
            self.substeps, self.position, self.note = (), 0, ""
            self.changed.emit()
