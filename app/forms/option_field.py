"""One option as a row of a form: its name, a field, and the sentence that says what is wrong with what was typed."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from app.layouts import fill, label, row
from core.options import Option
from core.types import OptionError

FIELD_WIDTH = 96


class OptionField(QWidget):
    """Shows and edits one option. What is typed is kept until it is right; `chosen` carries only allowed values."""

    chosen = Signal(str, object)
    """The option's name and its new value."""

    def __init__(self, option: Option, owner: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.option = option
        self._owner = owner
        self._shown: Any = None
        self.error = label(role="error", wrap=True)
        self.error.hide()
        self.label = label(option_label(option))
        self.field = self._make_field()
        self.field.setToolTip(f"{option.help}\n{option.range_text().capitalize()}.")
        self.label.setToolTip(self.field.toolTip())
        self.label.setBuddy(self.field)
        self.field.setAccessibleName(f"{owner}: {self.label.text()}")
        self.field.setFixedWidth(FIELD_WIDTH)
        fill(self, row(self.label, None, self.field), self.error, spacing=2)

    def show_value(self, value: Any) -> None:
        """Show a value that holds now, unless it is what is shown already."""
        if value == self._shown and self.error.isHidden():
            return
        self._shown = value
        self.error.hide()
        if isinstance(self.field, QCheckBox):
            self.field.setChecked(value)
        elif isinstance(self.field, QComboBox):
            self.field.setCurrentIndex(self.field.findData(value))
        elif isinstance(self.field, QLineEdit):
            self.field.setText(value_text(value))

    def _make_field(self) -> QWidget:
        if self.option.type is bool:
            box = QCheckBox()
            box.clicked.connect(self._take_checked)
            return box
        if self.option.type is str:
            combo = QComboBox()
            for word in self.option.choices:
                combo.addItem(word, word)
            combo.activated.connect(self._take_index)
            return combo
        line = QLineEdit()
        line.setProperty("role", "value")
        line.editingFinished.connect(self._take_text)
        return line

    def _take_checked(self, checked: bool) -> None:
        self._take(checked)

    def _take_index(self, index: int) -> None:
        assert isinstance(self.field, QComboBox)
        self._take(self.field.itemData(index))

    def _take_text(self) -> None:
        assert isinstance(self.field, QLineEdit)
        if self.field.text() != value_text(self._shown) or not self.error.isHidden():
            self._take(parse(self.field.text(), self.option))

    def _take(self, value: Any) -> None:
        try:
            self.option.check(value, self._owner)
        except OptionError as error:
            self.show_error(str(error))
            return
        self.error.hide()
        self._shown = value
        self.chosen.emit(self.option.name, value)

    def show_error(self, sentence: str) -> None:
        """Say what is wrong with what was typed; the text stays."""
        self.error.setText(sentence)
        self.error.show()


def option_label(option: Option) -> str:
    """The name of an option as people read it: "Learning rate"."""
    return option.name.replace("_", " ").capitalize()


def value_text(value: Any) -> str:
    """A value as it stands in a field."""
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def parse(text: str, option: Option) -> Any:
    """What was typed as a number where it is one, otherwise as it stands, for the option's check to refuse.

    Nothing stands for a value that may be left open; spaces of any width may separate thousands.
    """
    text = "".join(text.split()).replace("−", "-")
    if not text and option.default is None:
        return None
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if option.type is float:
            return float(number)
        return int(number) if isinstance(number, float) and number.is_integer() else number
    return text
