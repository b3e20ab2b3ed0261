"""Asks how far to train: up to an epoch or a step, for some more of them, or until a loss or an accuracy is reached."""

import dataclasses
import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDialog, QLineEdit, QPushButton, QWidget

from app.document.document import Document
from app.layouts import fill, label, row
from app.plots.numbers import format_count
from core.types import OptionError
from core.words import chosen, said

_FIELD_WIDTH = 110
_MOST_DIGITS = 12

KINDS = {
    "epoch": "the end of epoch",
    "step": "step",
    "more_epochs": "so many more epochs are done",
    "more_steps": "so many more steps are done",
    "loss": "the batch loss is at most",
    "accuracy": "the test accuracy in % is at least",
}


@dataclasses.dataclass(frozen=True)
class Goal:
    """How far to train; one of the three is there."""

    step: int | None = None  # the step after which the run ends
    loss: float | None = None  # a batch loss at or below this
    accuracy: float | None = None  # a test accuracy at or above this, 0 … 1


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the training stands when the question is asked."""

    steps: int
    batches_per_epoch: int
    has_accuracy: bool

    def goal(self, kind: str, text: str) -> Goal:
        """What was asked for. Errors: OptionError with a sentence for the dialog."""
        if kind == "loss":
            return Goal(loss=_number(text, "The loss", 0.0))
        if kind == "accuracy":
            return Goal(accuracy=_number(text.rstrip(" %"), "The accuracy", 0.0, 100.0) / 100)
        count = _count(text)
        step = {
            "epoch": count * self.batches_per_epoch,
            "step": count,
            "more_epochs": self.steps + count * self.batches_per_epoch,
            "more_steps": self.steps + count,
        }[kind]
        if step <= self.steps:
            raise OptionError(
                f"The training is at step {format_count(self.steps)} already, in epoch {self._epoch()}: "
                f"give a later {kind}."
            )
        return Goal(step=step)

    def words(self) -> str:
        """The place in a sentence."""
        return (
            f"Now at step {format_count(self.steps)}, in epoch {self._epoch()}; "
            f"an epoch has {format_count(self.batches_per_epoch)} steps."
        )

    def _epoch(self) -> str:
        return format_count(self.steps // self.batches_per_epoch + 1)


class RunUntilDialog(QDialog):
    """Emits `chosen` with the goal when it is accepted."""

    chosen = Signal(object)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        assert document.trainer
        self.setWindowTitle("Run until")
        self.place = Place(document.steps_done, document.trainer.batches_per_epoch, not document.data.is_regression)
        self.kind = QComboBox()
        self.kind.setAccessibleName("Train until")
        for kind, words in KINDS.items():
            if kind != "accuracy" or self.place.has_accuracy:
                self.kind.addItem(words, kind)
        self.value = QLineEdit()
        self.value.setProperty("role", "value")
        self.value.setFixedWidth(_FIELD_WIDTH)
        self.value.setAccessibleName("How far")
        self.error = label(role="error", wrap=True)
        self.error.hide()
        self.run, self.cancel = QPushButton("Run"), QPushButton("Cancel")
        self.run.setProperty("role", "primary")
        self.run.setDefault(True)
        self.run.clicked.connect(self._accept_if_right)
        self.cancel.clicked.connect(self.reject)
        self.kind.currentIndexChanged.connect(self._forget_error)
        question = row(label("Train until"), self.kind, self.value, None)
        note = label(self.place.words(), "note", wrap=True)
        fill(self, question, note, self.error, row(None, self.cancel, self.run), margin=16, spacing=10)
        self.setMinimumWidth(460)
        self.value.setFocus()

    def _accept_if_right(self) -> None:
        try:
            goal = self.place.goal(self.kind.currentData(), self.value.text())
        except OptionError as error:
            self.error.setText(str(error))
            self.error.show()
            self.adjustSize()
            self.value.setFocus()
            self.value.selectAll()
            return
        self.accept()
        self.chosen.emit(goal)

    def _forget_error(self) -> None:
        self.error.hide()
        self.value.setFocus()


def _count(text: str) -> int:
    digits = "".join(text.split())
    if not (digits.isascii() and digits.isdigit()) or int(digits[:_MOST_DIGITS]) == 0:
        raise OptionError(f"Give a whole number of at least 1, not {said(text.strip())}.")
    if len(digits) > _MOST_DIGITS:
        raise OptionError(f"Give a number of at most {_MOST_DIGITS} digits: {said(text.strip())} is never reached.")
    return int(digits)


def _number(text: str, what: str, low: float, high: float = math.inf) -> float:
    wanted = f"from {chosen(low)} to {chosen(high)}" if math.isfinite(high) else f"of at least {chosen(low)}"
    try:
        number = float("".join(text.split()).replace("−", "-").replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or not low <= number <= high:
        raise OptionError(f"{what} must be a number {wanted}, not {text.strip()!r}.")
    return number
