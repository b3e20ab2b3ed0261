"""What is wrong with a field that stands where there is no room below it: the sentence floats over what is there."""

from PySide6.QtCore import QEvent, QObject, QPoint
from PySide6.QtWidgets import QFrame, QWidget

from app.forms.option_field import OptionField
from app.layouts import fill

WIDTH, MARGIN, BORDER = 250, 8, 1
"""Width of the sentence, the room around it and the frame, in pixels."""


class FloatingError(QFrame):
    """Takes over the sentence of a field, and is there as long as the field wants it to be read."""

    def __init__(self, field: OptionField, window: QWidget) -> None:
        super().__init__(window)
        self._field, self._window = field, window
        self.setProperty("role", "card")
        self.hide()
        fill(self, field.error, margin=MARGIN)
        field.error.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Come and go with the sentence."""
        if event.type() == QEvent.Type.ShowToParent:
            self._fit()
            self.move(self._field.mapTo(self._window, QPoint(0, self._field.height() + 4)))
            self.show()
            self.raise_()
        elif event.type() == QEvent.Type.HideToParent:
            self.hide()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        """Another sentence may need another height."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        around = 2 * (MARGIN + BORDER)
        self.setFixedSize(WIDTH + around, self._field.error.heightForWidth(WIDTH) + around)
