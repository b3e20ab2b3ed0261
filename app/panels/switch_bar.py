"""A row of small buttons of which one is down: which of several tensors is shown."""

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QToolButton, QWidget


class SwitchBar(QWidget):
    """Offers choices by their names, each with a sentence that says what it shows."""

    chosen = Signal(str)
    """The words of a button that was pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self.buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._clicked)
        self._row.addStretch(1)

    def offer(self, choices: Mapping[str, str]) -> None:
        """Offer exactly these: name and tip."""
        for name, tip in choices.items():
            if name not in self.buttons:
                self._add(name, tip)
        for name, button in self.buttons.items():
            button.setVisible(name in choices)

    def choose(self, choice: str) -> None:
        """Press a button down."""
        self.buttons[choice].setChecked(True)

    def _add(self, choice: str, tip: str) -> None:
        button = QToolButton()
        button.setText(choice)
        button.setCheckable(True)
        button.setProperty("role", "switch")  # low and narrow: there may be six of them
        button.setToolTip(tip)
        button.setAccessibleDescription(tip)
        self._row.insertWidget(len(self.buttons), button)
        self.buttons[choice] = button
        self._group.addButton(button)

    def _clicked(self, button: QAbstractButton) -> None:
        self.chosen.emit(button.text())
