"""The buttons above the weights: what of a parameter is shown."""

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QToolButton, QWidget

CHOICES = {
    "Value": "The weights as they stand at the cursor",
    "Gradient": "The gradient of the loss by each weight",
    "Change": "What this step's update adds to each weight: after − before",
}

SLOTS = {
    "m": "The optimizer's memory after this step: the mean of the gradients, of which the newest weigh most",
    "v": "The optimizer's memory after this step: the mean of the squared gradients, of which the newest weigh most",
    "s": "The optimizer's memory after this step: the sum of all squared gradients",
    "velocity": "The optimizer's memory after this step: the gradients added up, fading by the momentum",
}


class WeightChoice(QWidget):
    """One button is down: value, gradient, change, or something the optimizer remembers."""

    chosen = Signal(str)
    """The words of a button that was pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self.buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._clicked)
        for choice, tip in CHOICES.items():
            self._add(choice, tip)
        self._row.addStretch(1)

    def offer(self, slots: Iterable[str]) -> None:
        """Offer what the optimizer remembers, beside what there always is."""
        slots = tuple(slots)
        for slot in slots:
            if slot not in self.buttons:
                self._add(slot, SLOTS[slot])
        for name, button in self.buttons.items():
            button.setVisible(name in CHOICES or name in slots)

    def choose(self, choice: str) -> None:
        """Press a button down."""
        self.buttons[choice].setChecked(True)

    def _add(self, choice: str, tip: str) -> None:
        button = QToolButton()
        button.setText(choice)
        button.setCheckable(True)
        button.setProperty("role", "switch")  # low: with the memory of an optimizer there are five of them
        button.setToolTip(tip)
        button.setAccessibleDescription(tip)
        self._row.insertWidget(len(self.buttons), button)
        self.buttons[choice] = button
        self._group.addButton(button)

    def _clicked(self, button: QAbstractButton) -> None:
        self.chosen.emit(button.text())
