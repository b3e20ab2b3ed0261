"""The slider under the curves that travels through the training, and what one can do in the past."""

import bisect

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractSlider, QPushButton, QSizePolicy, QSlider, QWidget

from app.layouts import fill, label, row
from app.plots.elided_label import ElidedLabel
from app.plots.numbers import format_count
from core.words import memory_text

_PAGE = 10
"""Moments that Page Up and a press beside the handle move at most a tenth of."""

_KEYS = {
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down,
    Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
}  # fmt: skip

_Action = QAbstractSlider.SliderAction


class MomentSlider(QSlider):
    """A slider over steps that stops only where there is a moment; the last moment is now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.moments: list[int] = [0]
        self.memory = 0, 0
        """Bytes that the moments take, and may take."""
        self.setAccessibleName("Step that is shown")
        self.actionTriggered.connect(self._snap)

    def show_moments(self, moments: list[int], shown: int) -> None:
        """Offer these steps, rising, and stand at the one that is shown."""
        self.moments = moments
        self.blockSignals(True)
        self.setRange(0, moments[-1])
        if not self.isSliderDown():
            self.setValue(shown)
        self.blockSignals(False)

    def event(self, event: QEvent) -> bool:
        """Keys that move the slider do not step through the network meanwhile."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _KEYS:
            event.accept()
            return True
        if event.type() == QEvent.Type.ToolTip:
            self.setToolTip(self.memory_words())
        return super().event(event)

    def memory_words(self) -> str:
        """What the slider does, and what its moments cost."""
        used, budget = map(memory_text, self.memory)
        return (
            f"Drag to look at an earlier moment. {format_count(len(self.moments))} moments are kept, in {used} of "
            f"{budget} (Edit, Settings)."
        )

    def _snap(self, action: int) -> None:
        moments, at = self.moments, bisect.bisect_left(self.moments, self.value())
        beyond = at < len(moments) and moments[at] == self.value()
        page = max(1, len(moments) // _PAGE)
        if action == _Action.SliderSingleStepAdd.value:
            at += beyond
        elif action == _Action.SliderSingleStepSub.value:
            at -= 1
        elif action == _Action.SliderPageStepAdd.value:
            at += page
        elif action == _Action.SliderPageStepSub.value:
            at -= page
        else:
            at = self._nearest(self.sliderPosition())
        self.setSliderPosition(moments[max(0, min(at, len(moments) - 1))])

    def _nearest(self, step: int) -> int:
        at = bisect.bisect_left(self.moments, step)
        near = [index for index in (at - 1, at) if 0 <= index < len(self.moments)]
        return min(near, key=lambda index: abs(self.moments[index] - step))


class _Way(QPushButton):
    """A button that says it in one word where there is no room for more."""

    def __init__(self, words: str, fewer: str) -> None:
        super().__init__(words)
        self._words, self._fewer = words, fewer
        self.setAccessibleName(words)
        self.setProperty("role", "small")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Of all its words, whichever it says now."""
        return self._wider(super().sizeHint(), self._words)

    def minimumSizeHint(self) -> QSize:
        return self._wider(super().sizeHint(), self._fewer)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setText(self._words if self.width() >= self.sizeHint().width() else self._fewer)

    def _wider(self, hint: QSize, words: str) -> QSize:
        advance = self.fontMetrics().horizontalAdvance
        return QSize(hint.width() + advance(words) - advance(self.text()), hint.height())


class HistorySlider(QWidget):
    """The slider with its words, and above it, while the past is shown, the two ways out of it."""

    travelled = Signal(int)
    """A kept step was chosen."""

    returned = Signal()
    """The newest moment was chosen."""

    resumed = Signal()
    """Go on from the moment that is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = MomentSlider()
        self.words = label(role="note")
        self.resume, self.back = _Way("Resume from here", "Resume"), _Way("Back to now", "Now")
        self.resume.setToolTip("Train on from this moment. What came after it stays as a past run; Undo returns to it.")
        self.back.setToolTip("Show the newest moment again, as you left it.")
        self.past = QWidget()
        # The words give way, rather than make the panel wider when they appear.
        fill(self.past, row(ElidedLabel("An earlier moment"), self.resume, self.back))
        self.past.hide()
        fill(self, self.past, row(self.slider, self.words, spacing=10), spacing=4).setContentsMargins(8, 0, 8, 4)
        # One journey for all the moves that arrive while the window is drawing the last one.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._go)
        self.slider.valueChanged.connect(self._set_out)
        self.resume.clicked.connect(self.resumed)
        self.back.clicked.connect(self.returned)

    def show_moments(self, kept: list[int], newest: int, shown: int, *, in_past: bool) -> None:
        """Offer the kept steps and the newest one; stand at the one that is shown."""
        self.slider.show_moments([*(step for step in kept if step < newest), newest], shown)
        self.words.setText(f"step {format_count(shown)} of {format_count(newest)}")
        self.past.setVisible(in_past)

    def show_memory(self, used: int, budget: int) -> None:
        """What the kept moments cost, for the tool tip."""
        self.slider.memory = used, budget

    def _set_out(self) -> None:
        self._soon.start()

    def _go(self) -> None:
        step = self.slider.value()
        if step == self.slider.moments[-1]:
            self.returned.emit()
        else:
            self.travelled.emit(step)
