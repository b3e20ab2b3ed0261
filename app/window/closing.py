"""Asks before the window closes where a long training would be lost with it; a short one is done again in no time."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMainWindow, QMessageBox

from app.document.document import Document
from app.window.run_control import RunControl
from core.words import count, plural

LONG = 60.0
"""Seconds of training that nobody wants to lose by a slip of the hand."""

_EXPORT, _CLOSE = QMessageBox.ButtonRole.AcceptRole, QMessageBox.ButtonRole.DestructiveRole


class ClosingQuestion(QObject):
    """Open only as long as it takes to answer; the training goes on behind it."""

    export_wanted = Signal()
    """The weights are to be kept first."""

    agreed = Signal()
    """The window may close."""

    def __init__(self, window: QMainWindow, document: Document, run_control: RunControl) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._run_control = run_control
        self.box: QMessageBox | None = None

    @property
    def is_due(self) -> bool:
        """Whether closing would lose more than a moment of work."""
        return len(self._document.history.losses) > 0 and self._run_control.seconds_at_stake >= LONG

    def ask(self) -> None:
        """Ask, unless nothing is at stake or the question is there already."""
        if not self.is_due:
            self.agreed.emit()
        elif self.box is None:
            self._open()

    def _open(self) -> None:
        minutes = plural(round(self._run_control.seconds_at_stake / 60), "minute")
        steps = count(len(self._document.history.losses))
        box = self.box = QMessageBox(self._window)
        box.setWindowTitle("Close Chainrule")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(f"{minutes} of training would be lost.")
        box.setInformativeText(
            f"The network has been trained for {steps} steps, and its weights were not exported since."
        )
        box.addButton("Export weights…", _EXPORT)
        box.addButton("Close anyway", _CLOSE)
        stay = box.addButton("Do not close", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.finished.connect(self._answer)
        box.open()

    def _answer(self) -> None:
        box, self.box = self.box, None
        assert box
        chosen = box.buttonRole(box.clickedButton())
        box.deleteLater()
        if chosen == _CLOSE:
            self.agreed.emit()
        elif chosen == _EXPORT:
            self.export_wanted.emit()
