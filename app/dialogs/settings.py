"""Asks for the settings; every value takes effect as soon as the dialog is accepted, or says when it will."""

import dataclasses
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QPushButton, QWidget

from app.forms.option_field import OptionField
from app.layouts import fill, label, row
from app.settings import Settings

NOTES = {
    "evaluation_time": "Of the time a training runs, at most this much goes into measuring test loss and accuracy.",
    "history_memory": "When it is full, a new moment replaces the one that is missed least: they stay evenly spread.",
    "blas_threads": "Takes effect at the next start. Empty: chosen by the number of processors.",
    "digits": "How many significant digits stand in cells, tool tips and terms.",
}


class SettingsDialog(QDialog):
    """Emits `chosen` with the new settings when it is accepted."""

    chosen = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self._settings = settings
        self.fields: dict[str, OptionField] = {}
        rows: list[Any] = []
        for option in Settings.options():
            field = OptionField(option, Settings.title)
            field.show_value(getattr(settings, option.name))
            field.chosen.connect(self._take)
            self.fields[option.name] = field
            rows += [field, label(NOTES[option.name], "note", wrap=True)]
        self.save, self.cancel = QPushButton("Save"), QPushButton("Cancel")
        self.save.setProperty("role", "primary")
        self.save.setDefault(True)
        self.save.clicked.connect(self._accept_if_right)
        self.cancel.clicked.connect(self.reject)
        fill(self, *rows, row(None, self.cancel, self.save), margin=16, spacing=8)
        self.setMinimumWidth(420)

    def _take(self, name: str, value: Any) -> None:
        self._settings = dataclasses.replace(self._settings, **{name: value})

    def _accept_if_right(self) -> None:
        for field in self.fields.values():
            if isinstance(field.field, QLineEdit):
                # What was typed last is read when the field loses the focus, which a press of Save need not cause.
                field.field.editingFinished.emit()
        if all(field.error.isHidden() for field in self.fields.values()):
            self.chosen.emit(self._settings)
            self.accept()
        else:
            self.adjustSize()  # for the sentence that says what is wrong
