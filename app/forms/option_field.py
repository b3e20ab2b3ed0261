"""One option as a row of a form: its name, a field, and the sentence that says what is wrong with what was typed."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QWidget

from app.forms.combo import Combo
from app.forms.explained import option_explanation
from app.forms.value_edit import ValueEdit
from app.layouts import fill, label, row, scroll_to
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
        self.label = label(option.title)
        self.field = self._make_field()
        self.field.setToolTip(option_explanation(option))
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
        elif isinstance(self.field, ValueEdit):
            self.field.setText(value_text(value))

    def offer(self, values: Sequence[tuple[str, Any]]) -> None:
        """Let the person pick some values from a menu, besides typing one: texts and what they stand for."""
        assert isinstance(self.field, ValueEdit)
        self.field.offer(values)

    def _make_field(self) -> QWidget:
        if self.option.type is bool:
            box = QCheckBox()
            box.clicked.connect(self._take_checked)
            return box
        if self.option.type is str:
            combo = Combo()
            for word in self.option.choices:
                combo.addItem(word, word)
            combo.activated.connect(self._take_index)
            return combo
        line = ValueEdit()
        line.setPlaceholderText(self.option.open_means if self.option.default is None else "")
        line.editingFinished.connect(self._take_text)
        line.picked.connect(self._take)
        if self.option.choices:
            line.offer([(word, word) for word in self.option.choices])
        return line

    def _take_checked(self, checked: bool) -> None:
        self._take(checked)

    def _take_index(self, index: int) -> None:
        assert isinstance(self.field, QComboBox)
        self._take(self.field.itemData(index))

    def _take_text(self) -> None:
        assert isinstance(self.field, ValueEdit)
        if self.field.text() != value_text(self._shown) or not self.error.isHidden():
            self._take(parse(self.field.text(), self.option))

    def _take(self, value: Any) -> None:
        try:
            self.option.check(value, self._owner, in_form=True)
        except OptionError as error:
            self.show_error(str(error))
            return
        self.error.hide()
        self._shown = value
        if isinstance(self.field, ValueEdit):
            self.field.setText(value_text(value))
        self.chosen.emit(self.option.name, value)

    def show_error(self, sentence: str) -> None:
        """Say what is wrong with what was typed; the text stays."""
        self.error.setText(sentence)
        self.error.show()
        # Once the layout has made room for it; until then there is nothing to scroll to.
        QTimer.singleShot(0, self, self._bring_error_into_view)

    def _bring_error_into_view(self) -> None:
        scroll_to(self.error)


def value_text(value: Any) -> str:
    """A value as it stands in a field: with all its digits, so that what is read is what holds."""
    return "" if value is None else str(value).removesuffix(".0").replace("e-0", "e-")


def parse(text: str, option: Option) -> Any:
    """What was typed as a number where it is one, otherwise as it stands, for the option's check to refuse.

    Nothing stands for a value that may be left open; spaces of any width may separate thousands; words may be written
    large or small.
    """
    text = "".join(text.split()).replace("−", "-")
    if not text and option.default is None:
        return None
    if word := next((word for word in option.choices if word.casefold() == text.casefold()), None):
        return word
    for kind in (int, float):
        try:
            number = kind(text)
            if option.type is float:
                return float(number)
        except (ValueError, OverflowError):  # of a whole number with more digits than a float has room for
            continue
        return int(number) if isinstance(number, float) and number.is_integer() else number
    return text
