"""How far to train, the settings and the export of curves: questions of the window that concern the training."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMainWindow

from app.dialogs.run_until import Goal, RunUntilDialog
from app.dialogs.settings import SettingsDialog
from app.document.document import Document
from app.engine.protocol import Until
from app.plots.numbers import Precision
from app.settings import Settings
from app.settings_store import load_settings, save_settings
from app.window.run_control import RunControl


class TrainingDialogs(QObject):
    """Opens the dialogs and does what was chosen in them."""

    noted = Signal(str)

    def __init__(self, window: QMainWindow, document: Document, run_control: RunControl) -> None:
        super().__init__(window)
        self._window = window
        self._document = document
        self._run_control = run_control
        self.open_dialog: RunUntilDialog | SettingsDialog | None = None
        """The dialog that is open."""
        self.settings = load_settings()
        self._apply()

    def run_until(self) -> None:
        """Ask how far to train, and train that far."""
        if self._document.trainer is not None and not self._document.running:
            self._open(RunUntilDialog(self._document, self._window), self._run_to)

    def ask_settings(self) -> None:
        """Ask for the settings."""
        self._open(SettingsDialog(self.settings, self._window), self._take_settings)

    def _open(self, dialog: RunUntilDialog | SettingsDialog, chosen: Callable[[Any], None]) -> None:
        self.open_dialog = dialog
        dialog.chosen.connect(chosen)
        dialog.finished.connect(self._forget)
        dialog.open()

    def _forget(self) -> None:
        if self.open_dialog:
            self.open_dialog.deleteLater()
        self.open_dialog = None

    def _run_to(self, goal: Goal) -> None:
        if goal.step is not None:
            self._run_control.run_to_step(goal.step)
        else:
            self._run_control.run(Until(loss=goal.loss, accuracy=goal.accuracy))

    def _take_settings(self, settings: Settings) -> None:
        before, self.settings = self.settings, settings
        unwritable = save_settings(settings)
        self._apply()
        if settings.evaluation_time != before.evaluation_time:
            self._run_control.renew()
        words = []
        if settings.blas_threads != before.blas_threads:
            words.append("The number of BLAS threads takes effect at the next start.")
        if unwritable:
            words.append(f"The settings count until the program ends: {unwritable} cannot be written.")
        if words:
            self.noted.emit(" ".join(words))

    def _apply(self) -> None:
        self._run_control.evaluation_share = self.settings.evaluation_share
        self._document.course.snapshots.budget = self.settings.history_bytes
        Precision.choose(self.settings.digits)
